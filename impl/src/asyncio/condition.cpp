#include "tandem/asyncio/condition.hpp"

#include <exception>
#include <optional>
#include <ostream>

#include "tandem/asyncio/exceptions.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

struct Condition::State {
  explicit State(Lock* given) : lock(given ? *given : own.emplace()) {}

  bool is_locked() const noexcept { return lock.get() && lock.get()->locked(); }
  Lock& the_lock() const {
    if (Lock* const there = lock.get()) return *there;
    throw RuntimeError("the lock of the condition is gone");
  }
  // Wakes n that are not done, or all that there are.
  void wake(std::ptrdiff_t n) {
    while (n > 0 && waiters.wake_next()) --n;
  }
  friend std::string to_string(const State& state) {
    return detail::lock_repr("Condition", &state, state.is_locked() ? "locked" : "unlocked",
                             state.waiters);
  }

  std::optional<Lock> own;
  detail::Reference<Lock> lock;
  detail::Waiters waiters;
  detail::LoopBinding binding;
};

Condition::Condition() : state_(std::make_shared<State>(nullptr)) {}
Condition::Condition(Lock& lock) : state_(std::make_shared<State>(&lock)) {}
Condition::~Condition() = default;

detail::Attempt<Lock::Acquiring> Condition::acquire() { return state_->the_lock().acquire(); }
void Condition::release() { state_->the_lock().release(); }
bool Condition::locked() const noexcept { return state_->is_locked(); }

Coroutine<bool> Condition::wait_in(std::shared_ptr<State> state) {
  if (!state->is_locked()) throw RuntimeError("cannot wait on un-acquired lock");
  std::exception_ptr error;
  {
    detail::LoopState& loop = state->binding.running(*state);
    state->the_lock().release();
    detail::Waiter waiter(state->waiters, loop);
    try {
      co_await waiter;
    } catch (...) {
      error = std::current_exception();
    }
  }
  // The lock is taken again whatever has happened, unless it is gone; of several cancellations the
  // last one counts.
  for (bool is_taken = false; !is_taken;) {
    try {
      is_taken = co_await state->the_lock().acquire();
    } catch (const CancelledError&) {
      error = std::current_exception();
    } catch (...) {
      state->wake(1);
      if (error && !state->lock.get()) std::rethrow_exception(error);
      throw;
    }
  }
  if (!error) co_return true;
  // It may have been notified: somebody else is to be instead, if only in vain.
  state->wake(1);
  std::rethrow_exception(error);
}

void Condition::check_locked() const {
  if (!locked()) throw RuntimeError("cannot notify on un-acquired lock");
}

void Condition::notify(std::ptrdiff_t n) {
  check_locked();
  state_->wake(n);
}

void Condition::notify_all() {
  check_locked();
  state_->waiters.wake_all();
}

std::string to_string(const Condition& condition) { return to_string(*condition.state_); }
std::ostream& operator<<(std::ostream& out, const Condition& condition) {
  return out << to_string(condition);
}

}  // namespace tandem::inline v1::asyncio
