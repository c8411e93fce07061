#include <exception>
#include <type_traits>

#include "conformance/asyncio/support.hpp"
#include "tandem/futures.hpp"

namespace tandem::conformance {

namespace {
Coroutine<> tries(asyncio::Future<int> f) {
  try {
    co_await f;
  } catch (const std::exception&) {
    log("caught");
  } catch (const asyncio::CancelledError&) {
    log("passed by CancelledError");
    throw;
  }
}

template <class Derived, class Base>
constexpr bool is_a = std::is_base_of_v<Base, Derived>;
}  // namespace

CASE("asyncio.exceptions.cancelled-error", "no handler of every std::exception catches it") {
  run_virtual([]() -> Coroutine<> {
    const asyncio::Future<int> f;
    const auto task = asyncio::create_task(tries(f));
    co_await turns();
    task.cancel();
    const std::string said = co_await awaited(task);
    log(said);
  });
  log(is_a<asyncio::CancelledError, std::exception>, is_a<asyncio::CancelledError, BaseException>);
}

CASE("asyncio.exceptions.cancelled-error-of-threads", "it is not the one of concurrent.futures") {
  log(is_a<asyncio::CancelledError, futures::CancelledError>);
  log(is_a<futures::CancelledError, std::exception>);
}

CASE("asyncio.exceptions.timeout-error", "TimeoutError is the one that everybody raises") {
  log(std::is_same_v<asyncio::TimeoutError, TimeoutError>);
}

CASE("asyncio.exceptions.invalid-state-error", "InvalidStateError is an Exception, with a text") {
  const std::string said = raised([] { throw asyncio::InvalidStateError("not yet"); });
  log(said, is_a<asyncio::InvalidStateError, std::exception>);
}

namespace {
template <class E>
void log_texts() {
  const std::string without = raised([] { throw E(""); });
  log(without, raised([] { throw E("text"); }));
}
}  // namespace

CASE("asyncio.exceptions.message", "the errors print what they were given") {
  log_texts<asyncio::CancelledError>();
  log_texts<asyncio::InvalidStateError>();
  log_texts<asyncio::TimeoutError>();
}

}  // namespace tandem::conformance
