#include "multiprocessing/common.hpp"

#include <cerrno>
#include <string>

#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::multiprocessing::detail {

std::optional<Deadline> waiting_deadline(const AcquireOptions& options) {
  if (!options.block) return std::nullopt;
  const Timeout timeout = options.timeout;
  if (timeout.is_forever()) return Deadline::never();
  if (timeout.is_too_large()) throw_os_error(EINVAL);
  if (timeout.limit() <= timeout.limit().zero()) return std::nullopt;
  return Deadline::after(timeout);
}

void throw_handle_closed() {
  struct Closed : OSError {
    Closed() : OSError(std::string("handle is closed")) {}
  };
  throw OSError(Closed());
}

std::string holder_name() {
  std::string name = current_process().name();
  const std::string thread = threading::current_thread().name();
  if (thread != "MainThread") name += "|" + thread;
  return name;
}

}  // namespace tandem::inline v1::multiprocessing::detail
