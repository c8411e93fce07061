// Popen.communicate(): everything to and from the child at the same time, so that no pipe can fill
// up while nobody looks.
#include "subprocess/communicate.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "platform/poll.hpp"
#include "platform/sanitizers.hpp"
#include "subprocess/popen_state.hpp"
#include "tandem/core/park.hpp"
#include "tandem/subprocess/exceptions.hpp"

namespace tandem::inline v1::subprocess::detail {

namespace {

constexpr std::size_t least_read = 4096;
constexpr std::size_t large_read = 65536;  // what a pipe holds, unless it was told otherwise
// Reader and writer then switch less often, which is worth a factor of 1.7 (100 MB on two
// processors). As large as the system lets anybody have; where it does not, the pipe stays as it is.
constexpr std::size_t wide_pipe = 1 << 20;

// A string that grows copies what it has to new memory, and the faults of fresh pages cost as much
// as the reading. So the steps are large: untouched pages cost nothing.
#if defined(TANDEM_ASAN) || defined(TANDEM_TSAN)
constexpr std::size_t large_step = 2;  // there they do
#else
constexpr std::size_t large_step = sizeof(std::size_t) > 4 ? 128 : 2;
#endif
constexpr std::size_t large = 1 << 20;
constexpr std::size_t most_spare = 16;  // times what has come: more is given back

// C++23's, so that what is read to is not cleared first; this file is compiled by that standard
// where the compiler knows it.
template <class Overwrite>
void resize_and_overwrite(std::string& bytes, std::size_t size, Overwrite overwrite) {
#ifdef __cpp_lib_string_resize_and_overwrite
  bytes.resize_and_overwrite(size, overwrite);
#else
  bytes.resize(size);
  bytes.resize(overwrite(bytes.data(), size));
#endif
}

}  // namespace

void make_room(std::string& bytes, std::size_t size) {
  const std::size_t wanted = bytes.size() + size;
  if (wanted <= bytes.capacity()) return;
  const std::size_t twice = std::max(wanted, 2 * bytes.capacity());
  try {
    const bool is_large = wanted >= large && wanted < large * large_step;
    bytes.reserve(is_large ? large * large_step + wanted : twice);
  } catch (const std::exception&) {  // so much is not to be had
    bytes.reserve(twice);
  }
}

void give_back_room(std::string& bytes) {
  const bool is_small = bytes.size() < large_read && bytes.size() < bytes.capacity() / 2;
  if (is_small || bytes.size() < bytes.capacity() / most_spare) bytes.shrink_to_fit();
}

platform::Transfer Collector::read_from(int handle) {
  make_room(bytes_, next_);
  platform::Transfer done;
  const std::size_t before = bytes_.size();
  resize_and_overwrite(bytes_, before + next_, [&](char* bytes, std::size_t) {
    done = platform::read_some(handle, bytes + before, next_);
    return before + done.count;
  });
  if (done.count == next_) ask_for_more(handle);
  if (done.count == 0 && done.error == 0) wide_.give_back();  // the end
  return done;
}

// Less than the pipe holds is a switch of threads more.
void Collector::ask_for_more(int handle) noexcept {
  if (next_ < large_read)
    next_ = large_read;
  else if (std::exchange(widens_, false) && wide_.take() &&
           platform::set_pipe_size(handle, wide_pipe) == 0)
    next_ = wide_pipe;
}

namespace {
constexpr int most_wide_pipes = 8;
constinit seam::hint<int> wide_pipes{0};
}  // namespace

// relaxed: a number that says nothing of other memory.
bool WidePipe::take() noexcept {
  taken_ = wide_pipes.fetch_add(1, std::memory_order_relaxed) < most_wide_pipes;
  if (!taken_) wide_pipes.fetch_sub(1, std::memory_order_relaxed);
  return taken_;
}

void WidePipe::give_back() noexcept {
  // relaxed: as above
  if (std::exchange(taken_, false)) wide_pipes.fetch_sub(1, std::memory_order_relaxed);
}

std::string Collector::take() {
  give_back_room(bytes_);
  next_ = least_read;
  return std::exchange(bytes_, {});
}

namespace {

class Conversation {
 public:
  Conversation(PopenState& state, subprocess::CommunicateOptions options)
      : state_(state), options_(std::move(options)), until_(Deadline::after(options_.timeout)) {}

  subprocess::Output run() {
    const bool is_read_first = is_simple() && !talk().started;
    begin();
    exchange();
    // CPython reads a single stream as text: what is no text is found before the wait.
    if (is_read_first) {
      subprocess::Output output = finish();
      state_.child->wait(until_);
      return output;
    }
    if (!state_.child->wait(until_)) expire();
    return finish();
  }

 private:
  struct Reading {
    subprocess::PipeFile* file;
    Collector* collector;
    bool is_open() const { return file && !file->closed(); }
  };

  Communication& talk() noexcept { return state_.communication; }
  bool sends() const { return state_.in && !state_.in->closed(); }

  void begin() {
    if (talk().started) {
      if (options_.input && !options_.input->empty())
        throw ValueError("Cannot send input after starting communication");
      return;
    }
    if (options_.input && state_.in)
      talk().input =
          state_.text ? encode(*options_.input, *state_.text) : std::move(*options_.input);
    if (state_.in) flush_stdin();
    talk().started = true;
    for (const Reading& each : readings_) {
      if (!each.file) continue;
      if (!each.is_open() && is_simple()) each.file->read();  // says what is wrong
      if (each.is_open()) each.collector->begin(PipeFileAccess::take_read_ahead(*each.file));
    }
  }

  // CPython has a shorter way for one stream without a timeout, on which a closed one is an error.
  bool is_simple() const noexcept {
    return options_.timeout.is_forever() && !state_.in + !state_.out + !state_.err >= 2;
  }

  // What the user has written before. That it arrives nowhere is no error here.
  void flush_stdin() {
    if (is_simple() && state_.in->closed()) {
      if (!talk().input.empty()) state_.in->write(talk().input);  // says what is wrong
      return;
    }
    if (state_.in->closed()) state_.in->flush();  // says what is wrong
    // Not by flush(), which has no timeout and waits for a child that may be waiting for us.
    talk().input.insert(0, PipeFileAccess::take_unwritten(*state_.in));
    if (talk().input.empty()) close_stdin();
  }
  void close_stdin() {
    ignoring_broken_pipe([&] { state_.in->close(); });
  }
  template <class Act>
  static void ignoring_broken_pipe(Act act) {
    try {
      act();
    } catch (const BrokenPipeError&) {
    }
  }

  // Until all that goes to or comes from the child has gone or come.
  void exchange() {
    const NonblockingStdin guard(*this);
    for (;;) {
      std::array<platform::Polled, 3> polled;
      std::size_t count = 0;
      for (const Reading& each : readings_)
        if (each.is_open()) polled[count++] = {PipeFileAccess::number(*each.file)};
      const std::size_t writes_at = count;
      if (sends()) polled[count++] = {PipeFileAccess::number(*state_.in), true};
      if (count == 0) return;
      if (count > 1 || !until_.is_never() || sends())
        wait_for({polled.data(), count});
      else
        polled[0].ready = true;  // a single stream is simply read
      std::size_t at = 0;
      for (const Reading& each : readings_)
        if (each.is_open() && polled[at++].ready) read(each);
      if (writes_at < count && polled[writes_at].ready) write();
    }
  }

  void wait_for(std::span<platform::Polled> polled) {
    if (until_.passed()) expire();
    const auto when = until_.when();
    int error;
    {
      const ParkedInSystem parked;
      error = platform::poll(polled, until_.is_never() ? nullptr : &when);
    }
    if (error != 0) throw_os_error(error);
    if (until_.passed()) expire();
  }

  static void read(const Reading& reading) {
    platform::Transfer done;
    {
      const ParkedInSystem parked;
      done = reading.collector->read_from(PipeFileAccess::number(*reading.file));
    }
    if (done.error != 0) throw_os_error(done.error);
    if (done.count == 0) reading.file->close();
  }

  void write() {
    const std::string& input = talk().input;
    std::size_t& sent = talk().sent;
    const auto done =
        platform::write_some(PipeFileAccess::number(*state_.in), input.data() + sent,
                             input.size() - sent);
    sent += done.count;
    if (done.error == EPIPE || sent == input.size())
      close_stdin();
    else if (done.error != 0 && done.error != EAGAIN)
      throw_os_error(done.error);
  }

  // So that a write takes what fits and comes back. The user's own writes wait as ever.
  class NonblockingStdin {
   public:
    explicit NonblockingStdin(Conversation& owner) : owner_(owner) { set(true); }
    NonblockingStdin(const NonblockingStdin&) = delete;
    NonblockingStdin& operator=(const NonblockingStdin&) = delete;
    ~NonblockingStdin() { set(false); }

   private:
    void set(bool nonblocking) noexcept {
      if (owner_.sends())
        platform::set_nonblocking(PipeFileAccess::number(*owner_.state_.in), nonblocking);
    }
    Conversation& owner_;
  };

  [[noreturn]] void expire() {
    const auto so_far = [](const Collector& collector) {
      return collector.empty() ? std::nullopt : std::optional(collector.copy());
    };
    throw subprocess::TimeoutExpired(state_.args, options_.timeout.limit(), so_far(talk().out),
                                     so_far(talk().err));
  }

  subprocess::Output finish() {
    subprocess::Output output;
    if (state_.out) output.out = text_of(talk().out);
    if (state_.err) output.err = text_of(talk().err);
    return output;
  }
  std::string text_of(Collector& collector) const {
    std::string bytes = collector.take();  // moved on: there may be much of them
    if (!state_.text) return bytes;
    std::string text = decode(std::move(bytes), *state_.text);
    return text.insert(0, collector.take_decoded());
  }

  PopenState& state_;
  subprocess::CommunicateOptions options_;
  const Deadline until_;
  const std::array<Reading, 2> readings_{{{state_.out.get(), &state_.communication.out},
                                          {state_.err.get(), &state_.communication.err}}};
};

}  // namespace

subprocess::Output communicate(PopenState& state, subprocess::CommunicateOptions options) {
  return Conversation(state, std::move(options)).run();
}

}  // namespace tandem::inline v1::subprocess::detail
