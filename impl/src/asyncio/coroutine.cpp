#include "tandem/asyncio/coroutine.hpp"

#include "tandem/core/log.hpp"

namespace tandem::inline v1::asyncio::detail {

void log_never_awaited(const std::type_info& result) noexcept {
  try {
    const std::string name = result == typeid(void) ? "" : type_name(result);
    log("RuntimeWarning: coroutine 'Coroutine<" + name + ">' was never awaited");
  } catch (...) {
    log("RuntimeWarning: coroutine was never awaited");
  }
}

void throw_reused() { throw RuntimeError("cannot reuse already awaited coroutine"); }

}  // namespace tandem::inline v1::asyncio::detail
