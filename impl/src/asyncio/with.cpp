#include "tandem/asyncio/with.hpp"

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio::detail {

void throw_swallowed() {
  throw RuntimeError("the exception of the body was swallowed, so with() has no result");
}

}  // namespace tandem::inline v1::asyncio::detail
