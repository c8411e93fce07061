#include "tandem/concurrent/futures/future.hpp"

#include <ostream>

#include "tandem/core/log.hpp"

namespace tandem::inline v1::concurrent::futures {

void detail::log_callback_error(const FutureState& future) noexcept {
  log("exception calling callback for " + future.to_string() + "\n" +
      exception_text(std::current_exception()));
}

void AnyFuture::set_exception(std::exception_ptr exception) const {
  if (!exception) throw ValueError("the exception must not be null");
  state_->claim();
  state_->fail(std::move(exception));
  state_->finish();
}

std::string to_string(const AnyFuture& future) {
  return detail::Access::state(future)->to_string();
}
std::ostream& operator<<(std::ostream& out, const AnyFuture& future) {
  return out << to_string(future);
}

}  // namespace tandem::inline v1::concurrent::futures
