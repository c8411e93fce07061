#include "tandem/asyncio/stream_reader.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "asyncio/reader_state.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::asyncio {

namespace {

std::string incomplete(std::size_t count, const std::optional<std::size_t>& expected) {
  return std::to_string(count) + " bytes read on a total of " +
         (expected ? std::to_string(*expected) : "undefined") + " expected bytes";
}

}  // namespace

IncompleteReadError::IncompleteReadError(std::string partial, std::optional<std::size_t> expected)
    : EOFError(incomplete(partial.size(), expected)),
      partial_(std::make_shared<const std::string>(std::move(partial))),
      expected_(expected) {}

namespace detail {

ReaderState::ReaderState(std::ptrdiff_t limit, const EventLoop& loop)
    : loop_(loop), limit_(static_cast<std::size_t>(limit)) {
  if (limit <= 0) throw ValueError("Limit cannot be <= 0");
}

// ---- the feeding end ----

void ReaderState::wake() {
  const auto waiter = std::exchange(waiter_, std::nullopt);
  if (waiter && !waiter->cancelled()) waiter->set_result();
}

void ReaderState::set_exception(std::exception_ptr error) {
  exception_ = std::move(error);
  const auto waiter = std::exchange(waiter_, std::nullopt);
  if (waiter && !waiter->cancelled()) waiter->set_exception(exception_);
}

void ReaderState::set_transport(const Transport& transport) {
  if (transport_) throw AssertionError("Transport already set");
  transport_ = transport;
}

void ReaderState::feed_eof() {
  eof_ = true;
  wake();
}

void ReaderState::feed_data(std::string_view data) {
  if (eof_) throw AssertionError("feed_data after feed_eof");
  if (data.empty()) return;
  buffer_.append(data);
  wake();
  if (!transport_ || paused_ || buffer_.size() <= 2 * limit_) return;
  transport_.pause_reading();
  paused_ = true;
}

void ReaderState::resume_if_read() {
  if (!paused_ || buffer_.size() > limit_) return;
  paused_ = false;
  transport_.resume_reading();
}

// ---- reading ----

// Awaited: until something comes, or the end.
class ReaderState::Waiting {
 public:
  Waiting(ReaderState& reader, const Future<>& waiter)
      : reader_(reader), awaiter_(waiter.operator co_await()) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { reader_.waiter_.reset(); }

  bool await_ready() const { return awaiter_.await_ready(); }
  template <class W>
  void await_suspend(std::coroutine_handle<W> waiting) {
    awaiter_.await_suspend(waiting);
  }
  void await_resume() { awaiter_.await_resume(); }

 private:
  ReaderState& reader_;
  decltype(std::declval<const Future<>&>().operator co_await()) awaiter_;
};

ReaderState::Waiting ReaderState::wait(const char* name) {
  if (waiter_)
    throw RuntimeError(std::string(name) +
                       "() called while another coroutine is already waiting for incoming data");
  // Who waits for more than it may hold would wait for ever.
  if (paused_) {
    paused_ = false;
    transport_.resume_reading();
  }
  waiter_.emplace(loop_);
  return Waiting(*this, *waiter_);
}

Coroutine<std::string> ReaderState::read(std::shared_ptr<ReaderState> self, std::ptrdiff_t n) {
  self->check_exception();
  if (n == 0) co_return std::string();
  if (n > 0) {
    if (self->buffer_.empty() && !self->eof_) co_await self->wait("read");
    std::string data = self->buffer_.take(static_cast<std::size_t>(n));
    self->resume_if_read();
    co_return data;
  }
  std::string all;
  for (;;) {
    self->check_exception();
    if (self->buffer_.empty() && !self->eof_) co_await self->wait("read");
    const std::string block = self->buffer_.take(self->limit_);
    self->resume_if_read();
    if (block.empty()) co_return all;
    all += block;
  }
}

Coroutine<std::string> ReaderState::readexactly(std::shared_ptr<ReaderState> self,
                                                std::ptrdiff_t n) {
  if (n < 0) throw ValueError("readexactly size can not be less than zero");
  self->check_exception();
  const auto count = static_cast<std::size_t>(n);
  while (self->buffer_.size() < count) {
    if (self->eof_) throw IncompleteReadError(self->buffer_.take(self->buffer_.size()), count);
    co_await self->wait("readexactly");
  }
  std::string data = self->buffer_.take(count);
  if (count > 0) self->resume_if_read();
  co_return data;
}

ReaderState::Place ReaderState::look(Search& search) const {
  const std::string_view bytes = buffer_.view();
  const std::size_t shortest = search.separators.front().size();
  if (bytes.size() < search.offset + shortest) return {Found::not_yet};
  Place place{Found::not_yet};
  for (const std::string& separator : search.separators) {
    const std::size_t begin = bytes.find(separator, search.offset);
    if (begin == bytes.npos) continue;
    const std::size_t end = begin + separator.size();
    if (place.found == Found::not_yet || end < place.end) place = {Found::separator, begin, end};
  }
  if (place.found == Found::separator) {
    if (place.begin > limit_) place.found = Found::too_long;
    return place;
  }
  // The last bytes may be the beginning of a separator.
  const std::size_t longest = search.separators.back().size();
  search.offset = bytes.size() + 1 > longest ? bytes.size() + 1 - longest : 0;
  if (search.offset > limit_) return {Found::too_long_before, search.offset};
  return {Found::not_yet};
}

namespace {

constexpr const char* not_found = "Separator is not found, and chunk exceed the limit";
constexpr const char* found_too_late = "Separator is found, but chunk is longer than limit";

}  // namespace

Coroutine<std::string> ReaderState::readuntil(std::shared_ptr<ReaderState> self,
                                              std::vector<std::string> separators) {
  std::ranges::sort(separators, {}, &std::string::size);
  if (separators.empty()) throw ValueError("Separator should contain at least one element");
  if (separators.front().empty()) throw ValueError("Separator should be at least one-byte string");
  self->check_exception();
  Search search{separators};
  for (;;) {
    const Place place = self->look(search);
    if (place.found == Found::separator) {
      std::string chunk = self->buffer_.take(place.end);
      self->resume_if_read();
      co_return chunk;
    }
    if (place.found == Found::too_long) throw LimitOverrunError(found_too_late, place.begin);
    if (place.found == Found::too_long_before) throw LimitOverrunError(not_found, place.begin);
    if (self->eof_) throw IncompleteReadError(self->buffer_.take(self->buffer_.size()), {});
    co_await self->wait("readuntil");
  }
}

Coroutine<std::string> ReaderState::readline(std::shared_ptr<ReaderState> self) {
  const std::string newline("\n");
  self->check_exception();
  Search search{{&newline, 1}};
  for (;;) {
    const Place place = self->look(search);
    if (place.found == Found::separator) {
      std::string line = self->buffer_.take(place.end);
      self->resume_if_read();
      co_return line;
    }
    if (place.found != Found::not_yet) {
      const bool is_complete = place.found == Found::too_long;
      is_complete ? self->buffer_.drop(place.end) : self->buffer_.clear();
      self->resume_if_read();
      throw ValueError(is_complete ? found_too_late : not_found);
    }
    if (self->eof_) co_return self->buffer_.take(self->buffer_.size());
    co_await self->wait("readuntil");
  }
}

std::string ReaderState::to_string() const {
  std::string text = "<StreamReader";
  if (!buffer_.empty()) text += " " + std::to_string(buffer_.size()) + " bytes";
  if (eof_) text += " eof";
  if (limit_ != static_cast<std::size_t>(default_limit)) text += " limit=" + std::to_string(limit_);
  if (waiter_) text += " waiter=" + asyncio::to_string(*waiter_);
  if (exception_) text += " exception=" + exception_repr(exception_);
  if (transport_) text += " transport=" + asyncio::to_string(transport_);
  if (paused_) text += " paused";
  return text + ">";
}

}  // namespace detail

// ---- the handle ----

StreamReader::StreamReader(std::ptrdiff_t limit) : StreamReader(limit, get_event_loop()) {}
StreamReader::StreamReader(std::ptrdiff_t limit, const EventLoop& loop)
    : state_(std::make_shared<detail::ReaderState>(limit, loop)) {}
StreamReader::StreamReader(std::shared_ptr<detail::ReaderState> state) noexcept
    : state_(std::move(state)) {}

Coroutine<std::string> StreamReader::read(std::ptrdiff_t n) const {
  return detail::ReaderState::read(state_, n);
}
Coroutine<std::string> StreamReader::readline() const {
  return detail::ReaderState::readline(state_);
}
Coroutine<std::string> StreamReader::readexactly(std::ptrdiff_t n) const {
  return detail::ReaderState::readexactly(state_, n);
}
Coroutine<std::string> StreamReader::readuntil(std::string separator) const {
  std::vector<std::string> separators;
  separators.push_back(std::move(separator));
  return detail::ReaderState::readuntil(state_, std::move(separators));
}
Coroutine<std::string> StreamReader::readuntil(std::vector<std::string> separators) const {
  return detail::ReaderState::readuntil(state_, std::move(separators));
}

namespace {

Coroutine<std::optional<std::string>> next_line(std::shared_ptr<detail::ReaderState> state) {
  std::string line = co_await detail::ReaderState::readline(std::move(state));
  if (line.empty()) co_return std::nullopt;
  co_return line;
}

}  // namespace

Coroutine<std::optional<std::string>> StreamReader::anext() const { return next_line(state_); }
bool StreamReader::at_eof() const noexcept { return state_->at_eof(); }
void StreamReader::feed_data(std::string_view data) const { state_->feed_data(data); }
void StreamReader::feed_eof() const { state_->feed_eof(); }
std::exception_ptr StreamReader::exception() const noexcept { return state_->exception(); }
void StreamReader::set_exception(std::exception_ptr error) const {
  state_->set_exception(std::move(error));
}
void StreamReader::set_transport(const Transport& transport) const {
  state_->set_transport(transport);
}
std::string to_string(const StreamReader& reader) { return reader.state()->to_string(); }
std::ostream& operator<<(std::ostream& out, const StreamReader& reader) {
  return out << to_string(reader);
}

}  // namespace tandem::inline v1::asyncio
