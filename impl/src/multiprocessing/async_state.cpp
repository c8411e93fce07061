#include "tandem/multiprocessing/detail/async_state.hpp"

#include "tandem/core/log.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/multiprocessing/pool.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {
AdaptiveSpin result_spin;  // one for all results: whether spinning pays is a matter of the program
}  // namespace

void AsyncState::set_done(Wakes* wakes) noexcept {
  // release pairs with the acquire in ready().
  if (word_.exchange(done, std::memory_order_acq_rel) != waited_for) return;
  wakes ? wakes->put_off(word_) : unpark_all(word_);
}

void AsyncState::wait(Timeout timeout) const {
  if (ready()) return;
  if (!timeout.is_forever() && timeout.limit().count() <= 0) return;
  refuse_too_large(timeout);
  const Deadline until = Deadline::after(timeout);
  if (may_spin_ && result_spin([this] { return ready(); })) return;
  for (;;) {
    std::uint32_t word = 0;
    // relaxed: it orders nothing; ready() does.
    word_.compare_exchange_strong(word, waited_for, std::memory_order_relaxed);
    if (ready() || !park(word_, waited_for, until)) return;
  }
}

bool AsyncState::successful() const {
  if (!ready())
    throw ValueError("<multiprocessing.pool." + std::string(type_) + " object at " +
                     address_text(this) + "> not ready");
  return !error_;
}

void AsyncState::get(Timeout timeout) const {
  wait(timeout);
  if (!ready()) throw TimeoutError();
  if (error_) std::rethrow_exception(error_);
}

void log_callback_error() noexcept {
  log("exception calling callback of a pool:\n" + exception_text(std::current_exception()));
}

std::exception_ptr terminated_error() {
  return std::make_exception_ptr(WorkerLostError("The pool was terminated."));
}

std::shared_ptr<const pickle::detail::BoundCall> load_no_call(pickle::Input&) {
  throw pickle::UnpicklingError("this action is only for workers");
}

}  // namespace tandem::inline v1::multiprocessing::detail
