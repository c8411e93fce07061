#include "tandem/asyncio/stream_writer.hpp"

#include <ostream>
#include <utility>

#include "asyncio/writer_state.hpp"
#include "tandem/asyncio/sleep.hpp"
#include "tandem/core/log.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

// ---- who waits for room ----

void FlowControl::resume() {
  paused_ = false;
  for (const Future<>& waiter : waiters_)
    if (!waiter.done()) waiter.set_result();
}

void FlowControl::end(const std::exception_ptr& error) {
  lost_ = true;
  if (!paused_) return;
  for (const Future<>& waiter : waiters_) {
    if (waiter.done()) continue;
    error ? waiter.set_exception(error) : waiter.set_result();
  }
}

void FlowControl::close(const std::exception_ptr& error) {
  if (closed_.done()) return;
  if (!error) return closed_.set_result();
  closed_.set_exception(error);
  Access::state(closed_).forget_exception();  // nobody has to call wait_closed()
}

// A place among those who wait.
class FlowControl::Waiting {
 public:
  explicit Waiting(FlowControl& flow)
      : flow_(flow), place_(flow.waiters_.emplace(flow.waiters_.end(), flow.loop_)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { flow_.waiters_.erase(place_); }
  const Future<>& future() const noexcept { return *place_; }

 private:
  FlowControl& flow_;
  std::list<Future<>>::iterator place_;
};

Coroutine<> FlowControl::drain(std::shared_ptr<FlowControl> self) {
  if (self->lost_) throw ConnectionResetError("Connection lost");
  if (!self->paused_) co_return;
  const Waiting waiting(*self);
  co_await waiting.future();
}

// ---- the writer ----

WriterState::~WriterState() {
  try {
    if (transport.is_closing()) return;
    if (loop.is_closed()) {
      log("ResourceWarning: loop is closed");
      return;
    }
    const std::string text = to_string();
    transport.close();
    log("ResourceWarning: unclosed " + text);
  } catch (const std::exception&) {
    // no memory to be nice in
  }
}

std::string WriterState::to_string() const {
  return "<StreamWriter transport=" + asyncio::to_string(transport) +
         (reader ? " reader=" + reader->to_string() : "") + ">";
}

namespace {

Coroutine<> drain(std::shared_ptr<WriterState> state) {
  if (state->reader && state->reader->exception())
    std::rethrow_exception(state->reader->exception());
  // The loss of a connection has to be told before it can be noticed.
  if (state->transport.is_closing()) co_await sleep(std::chrono::duration<double>(0));
  co_await FlowControl::drain(state->flow);
}

Coroutine<> wait_closed(std::shared_ptr<WriterState> state) { co_await state->flow->closed(); }

}  // namespace

}  // namespace detail

StreamWriter::StreamWriter(std::shared_ptr<detail::WriterState> state) noexcept
    : state_(std::move(state)) {}
void StreamWriter::write(std::string_view data) const { state_->transport.write(data); }
Coroutine<> StreamWriter::drain() const { return detail::drain(state_); }
void StreamWriter::write_eof() const { state_->transport.write_eof(); }
bool StreamWriter::can_write_eof() const { return state_->transport.can_write_eof(); }
void StreamWriter::close() const { state_->transport.close(); }
bool StreamWriter::is_closing() const { return state_->transport.is_closing(); }
Coroutine<> StreamWriter::wait_closed() const { return detail::wait_closed(state_); }
ExtraInfo StreamWriter::get_extra_info(std::string_view name) const {
  return state_->transport.get_extra_info(name);
}
const Transport& StreamWriter::transport() const noexcept { return state_->transport; }
std::string to_string(const StreamWriter& writer) { return writer.state()->to_string(); }
std::ostream& operator<<(std::ostream& out, const StreamWriter& writer) {
  return out << to_string(writer);
}

}  // namespace tandem::inline v1::asyncio
