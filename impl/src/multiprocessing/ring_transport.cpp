// The ends of a Pipe(): a ring for each direction.
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>

#include "multiprocessing/ring.hpp"
#include "multiprocessing/transport.hpp"
#include "platform/poll.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/pickle/input.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

// One at a time at an end, of all who have a copy of it. Who is killed in there gives it back. It
// is held by who waits for the other end, too: so nobody makes way first, as at a ParkingLock.
class Turn {
 public:
  explicit Turn(platform::BriefMutex& mutex) noexcept : mutex_(mutex), taken_(mutex.try_lock()) {
    if (taken_ != platform::BriefMutex::Taken::no) return;
    const ParkedInSystem parked;
    taken_ = mutex.lock(nullptr);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { mutex_.unlock(); }

  bool is_from_the_dead() const noexcept {
    return taken_ == platform::BriefMutex::Taken::from_the_dead;
  }

 private:
  platform::BriefMutex& mutex_;
  platform::BriefMutex::Taken taken_;
};

class ReaderWaiter final : public TransportWaiter {
 public:
  explicit ReaderWaiter(const RingReader& reader) noexcept : watch_(reader) {}
  Where where() const noexcept override { return {watch_.socket()}; }
  bool is_ready(bool woken) noexcept override { return watch_.arm(woken).has_value(); }

 private:
  Watch watch_;
};

// An end that only writes is never ready, but when nobody reads any more.
class WriterWaiter final : public TransportWaiter {
 public:
  explicit WriterWaiter(const RingWriter& writer) noexcept : use_(writer.shared_socket()) {}
  Where where() const noexcept override { return {.handle = use_.get(), .for_hang_up = true}; }
  bool is_ready(bool woken) noexcept override { return woken; }

 private:
  SharedHandle::Use use_;
};

class RingTransport final : public Transport {
 public:
  RingTransport(std::unique_ptr<RingReader> reader, std::unique_ptr<RingWriter> writer) noexcept
      : Transport(reader != nullptr, writer != nullptr),
        reader_(std::move(reader)),
        writer_(std::move(writer)) {}
  ~RingTransport() override { close(); }

  void send(std::span<Part> parts, std::size_t size, std::span<const int> handles) override {
    const Turn turn(writer_->state().writing);
    if (turn.is_from_the_dead()) writer_->recover();  // nobody else is told
    check_open();
    // An end goes as a whole: who cannot receive any more cannot send either.
    if (reader_ && reader_->knows_hang_up()) throw_os_error(EPIPE);
    if (writer_->has_hung_up()) throw_os_error(EPIPE);
    Outgoing message(parts, size, static_cast<std::uint32_t>(handles.size()));
    message.carry(handles);
    while (!writer_->push(message)) {
      if (message.error() == EAGAIN)
        wait_for_handles();
      else if (message.error() != 0)
        throw_os_error(message.error());
      else
        wait_for_room();
    }
  }

  void receive(Sink& sink) override {
    const Turn turn(reader_->state().reading);
    check_readable();
    for (bool begun = false;;) {
      const auto piece = reader_->front();
      if (!piece) {
        wait_for_piece(begun);
      } else if (!piece->first && !begun) {
        reader_->pop();  // whoever read the beginning was killed
      } else {
        if (piece->first) {  // of one that came before not all is there, nor ever will be
          if (!sink.begin(piece->length)) refuse();
          if (piece->tag > 0) take_handles(sink, piece->tag);
        }
        begun = true;
        sink.append(piece->bytes);
        const bool last = piece->last;
        reader_->pop();
        if (last) return;
      }
    }
  }

  bool poll(Deadline until) override { return reader_->look(until) != Outcome::timed_out; }

  int fileno() override { return reader_ ? reader_->beacon() : writer_->socket(); }

  std::unique_ptr<TransportWaiter> waiter() override {
    if (reader_) return std::make_unique<ReaderWaiter>(*reader_);
    return std::make_unique<WriterWaiter>(*writer_);
  }

  void pickle(v1::pickle::Output& output) override {
    output.write_value(TransportKind::ring);
    RingMemory& memory = reader_ ? reader_->memory() : writer_->memory();
    output.write_value(attach(output, memory.handle()));
    pickle_end(output, reader_.get());
    pickle_end(output, writer_.get());
  }

  static std::shared_ptr<Transport> unpickle(v1::pickle::Input& input) {
    auto memory = RingMemory::attach(input.take(input.read_value<std::uint32_t>()));
    auto reader = unpickle_end<RingReader>(input, memory);
    auto writer = unpickle_end<RingWriter>(input, memory);
    if (!reader && !writer) v1::pickle::Input::truncated();
    return std::make_shared<RingTransport>(std::move(reader), std::move(writer));
  }

 private:
  // Throws   EOFError; OSError.
  void wait_for_piece(bool begun) {
    {
      const platform::BriefMutex::Asleep asleep;
      if (reader_->wait({}, is_spin_worth_it()) == Outcome::done) return;
    }
    check_open();
    if (begun) throw OSError("got end of file during message");
    throw EOFError();
  }

  // Throws   OSError (EPIPE).
  void wait_for_room() {
    const platform::BriefMutex::Asleep asleep;
    if (writer_->wait({}) == Outcome::hung_up) throw_os_error(EPIPE);
  }

  // Too many are under way.
  void wait_for_handles() {
    const SharedHandle::Use use(writer_->shared_socket());
    if (!use) return;
    platform::Polled polled{.handle = use.get(), .for_writing = true};
    const platform::BriefMutex::Asleep asleep;
    const ParkedInSystem parked;
    platform::poll({&polled, 1}, nullptr);
  }

  void take_handles(Sink& sink, std::size_t count) {
    try {
      sink.handles = reader_->take_handles(count);
    } catch (const OSError&) {
      reader_->pop();  // what is left of the message is of no use
      throw;
    }
  }

  // Not when this end has just woken the other one to get an answer; but now and then, or two that
  // sleep in turns would never find out that both have a processor.
  bool is_spin_worth_it() noexcept {
    constexpr std::uint32_t probe_every = 16;
    return !writer_ || !writer_->has_woken() || ++unspun_ % probe_every == 0;
  }

  static std::uint32_t attach(v1::pickle::Output& output, SharedHandle& handle) {
    const SharedHandle::Use use(handle);
    if (!use) throw OSError("handle is closed");
    return output.attach(use.get());
  }
  // 0, or 1 and which ring, socket and pipe.
  template <class End>
  static void pickle_end(v1::pickle::Output& output, const End* end) {
    output.write_value(static_cast<unsigned char>(end != nullptr));
    if (!end) return;
    output.write_size(end->ring());
    output.write_value(attach(output, end->shared_socket()));
    output.write_value(attach(output, end->shared_pipe()));
  }
  template <class End>
  static std::unique_ptr<End> unpickle_end(v1::pickle::Input& input,
                                           const std::shared_ptr<RingMemory>& memory) {
    if (input.read_choice(1) == 0) return nullptr;
    const std::size_t ring = input.read_size();
    if (ring >= memory->rings()) v1::pickle::Input::truncated();
    platform::Handle socket = input.take(input.read_value<std::uint32_t>());
    platform::Handle pipe = input.take(input.read_value<std::uint32_t>());
    return std::make_unique<End>(memory, ring, std::move(socket), std::move(pipe));
  }

  void do_close() noexcept override {
    if (reader_) reader_->close();
    if (writer_) writer_->close();
  }

  const std::unique_ptr<RingReader> reader_;  // null: it only writes
  const std::unique_ptr<RingWriter> writer_;  // null: it only reads
  std::uint32_t unspun_ = 0;                  // guarded by the reader's turn
};

}  // namespace

std::pair<std::shared_ptr<Transport>, std::shared_ptr<Transport>> open_ring_transports(
    bool duplex) {
  const auto memory = RingMemory::create(duplex ? 2 : 1);
  Line to_first = open_line(memory, 0, true);
  Line to_second;
  if (duplex) to_second = open_line(memory, 1, true);
  return {std::make_shared<RingTransport>(std::move(to_first.reader), std::move(to_second.writer)),
          std::make_shared<RingTransport>(std::move(to_second.reader), std::move(to_first.writer))};
}

std::shared_ptr<Transport> unpickle_ring_transport(v1::pickle::Input& input) {
  return RingTransport::unpickle(input);
}

}  // namespace tandem::inline v1::multiprocessing::detail
