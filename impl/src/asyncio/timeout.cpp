#include "tandem/asyncio/timeout.hpp"

#include <cmath>
#include <exception>
#include <ostream>

#include "tandem/core/repr.hpp"

namespace tandem::inline v1::asyncio {

Timeout::~Timeout() { cancel_timer(); }

void Timeout::cancel_timer() noexcept {
  if (timer_) timer_->cancel();
  if (soon_) soon_->cancel();
  timer_.reset();
  soon_.reset();
}

const char* Timeout::state_text() const noexcept {
  switch (state_) {
    case State::created:
      return "created";
    case State::entered:
      return "active";
    case State::expiring:
      return "expiring";
    case State::expired:
      return "expired";
    case State::exited:
      break;
  }
  return "finished";
}

void Timeout::reschedule(When when) {
  if (state_ == State::created) throw RuntimeError("Timeout has not been entered");
  if (state_ != State::entered)
    throw RuntimeError(std::string("Cannot change state of ") + state_text() + " Timeout");
  when_ = when;
  cancel_timer();
  if (!when) return;
  const EventLoop loop = get_running_loop();
  if (*when <= loop.time())
    soon_ = loop.call_soon([this] { expire(); });
  else
    timer_ = loop.call_at(*when, [this] { expire(); });
}

void Timeout::expire() {
  task_->cancel("");
  state_ = State::expiring;
  cancel_timer();
}

void Timeout::enter() {
  if (state_ != State::created) throw RuntimeError("Timeout has already been entered");
  detail::TaskState* const task = detail::current_task_state();
  if (!task) throw RuntimeError("Timeout should be used inside a task");
  state_ = State::entered;
  task_ = detail::Access::share<AnyTask>(*task);
  cancelling_ = task->cancelling();
  reschedule(when_);
}

namespace {

// Instead of CancelledError, which is its cause; others are left alone.
void throw_timeout_instead_of(const std::exception_ptr& error) {
  if (!error) return;
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    std::throw_with_nested(TimeoutError());
  } catch (...) {
  }
}

}  // namespace

void Timeout::exit(const std::exception_ptr& error) {
  cancel_timer();
  if (state_ == State::entered) {
    state_ = State::exited;
  } else if (state_ == State::expiring) {
    state_ = State::expired;
    if (task_->uncancel() <= cancelling_) throw_timeout_instead_of(error);
  }
}

Coroutine<> Timeout::aenter() {
  enter();
  co_return;
}

Coroutine<bool> Timeout::aexit(std::exception_ptr error) {
  exit(error);
  co_return false;
}

Timeout timeout(v1::Timeout delay) {
  const EventLoop loop = get_running_loop();
  return Timeout(delay.is_forever() ? When() : When(loop.time() + delay.limit()));
}

std::string to_string(const Timeout& timeout) {
  std::string text = std::string("<Timeout [") + timeout.state_text() + "]";
  if (timeout.state_ == Timeout::State::entered) {
    text += " when=";
    text += timeout.when_ ? v1::detail::float_repr(std::round(timeout.when_->count() * 1000) / 1000)
                          : "None";
  }
  return text + ">";
}

std::ostream& operator<<(std::ostream& out, const Timeout& timeout) {
  return out << to_string(timeout);
}

}  // namespace tandem::inline v1::asyncio
