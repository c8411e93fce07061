#include "multiprocessing/common.hpp"

#include <cerrno>
#include <string>

#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/pickle/output.hpp"
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

void assert_spawning(const v1::pickle::Output& output, const char* type, bool for_fork) {
  if (output.sharing() != v1::pickle::Sharing::INHERITANCE)
    throw RuntimeError(std::string(type) +
                       " objects should only be shared between processes through inheritance");
  if (for_fork)
    throw RuntimeError(
        "A SemLock created in a fork context is being shared with a process in a spawn context. "
        "This is not supported. Please use the same context to create multiprocessing objects and "
        "Process.");
}

std::string holder_name() {
  std::string name = current_process().name();
  const std::string thread = threading::current_thread().name();
  if (thread != "MainThread") name += "|" + thread;
  return name;
}

}  // namespace tandem::inline v1::multiprocessing::detail
