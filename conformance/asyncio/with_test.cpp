#include <optional>
#include <string>
#include <utility>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {
namespace {

// Says what happens to it.
struct Scope {
  bool swallows = false;
  std::exception_ptr throws{}, enter_throws{};

  Coroutine<> aenter() {
    log("enter");
    co_await turns();
    if (enter_throws) std::rethrow_exception(enter_throws);
  }
  Coroutine<bool> aexit(std::exception_ptr error) {
    std::string text = raised_by(error);
    log("exit", error ? text.substr(text.find(": ") + 2) : "None");
    co_await turns();
    if (throws) std::rethrow_exception(throws);
    co_return swallows;
  }
};

Coroutine<int> five() {
  log("body");
  co_await turns();
  co_return 5;
}
Coroutine<> fails() {
  throw ValueError("bad");
  co_return;
}

template <class Body>
Coroutine<> note(Scope scope, Body body, std::string name) {
  co_await noted(asyncio::with(scope, body), name);
}

CASE("asyncio.with.order", "enter, body, exit; the result is the body's") {
  run_virtual(note(Scope{}, five, "with"));
}

CASE("asyncio.with.exception", "the exit has the body's exception, which then goes on") {
  run_virtual(note(Scope{}, fails, "with"));
}

Coroutine<int> fails_to_give_one() {
  throw ValueError("bad");
  co_return 1;
}

CASE("asyncio.with.swallows", "an exit that returns true swallows it") {
  run_virtual([]() -> Coroutine<> {
    Scope scope{.swallows = true};
    co_await asyncio::with(scope, fails);
    log("after");
    co_await asyncio::with(scope, [] { return turns(); });
    log("after");
  }());
  run_virtual([]() -> Coroutine<> {
    struct Quiet {
      Coroutine<> aenter() { co_return; }
      Coroutine<bool> aexit(std::exception_ptr) { co_return true; }
    } quiet;
    EXPECT_EQ(co_await awaited(asyncio::with(quiet, fails_to_give_one)),
              "RuntimeError: the exception of the body was swallowed, so with() has no result");
  }());
}

CASE("asyncio.with.exit-throws", "an exit that throws replaces it") {
  run_virtual([]() -> Coroutine<> {
    const Scope scope{.throws = error<TypeError>("exit")};
    co_await note(scope, fails, "failed");
    co_await note(scope, five, "ended");
  }());
}

CASE("asyncio.with.enter-throws", "what could not be entered is not left") {
  run_virtual([]() -> Coroutine<> {
    const Scope scope{.enter_throws = error<TypeError>("enter")};
    co_await note(scope, five, "with");
  }());
}

CASE("asyncio.with.cancelled", "a cancellation in the body comes to the exit, which may wait") {
  run_virtual([]() -> Coroutine<> {
    Scope scope;
    const auto waiting =
        asyncio::create_task(asyncio::with(scope, [] { return asyncio::sleep(10s); }));
    co_await turns(3);
    waiting.cancel("why");
    co_await noted(waiting, "with");
    log(state(waiting));
  }());
}

#if __has_include("tandem/asyncio/lock.hpp")
Coroutine<> holds(asyncio::Lock& lock, std::string name) {
  const auto guard = co_await asyncio::with(lock);
  log(name, lock.locked());
  co_await turns(2);
  log(name, "leaves");
}
Coroutine<> throws_in(asyncio::Lock& lock) { co_await asyncio::with(lock, fails); }

CASE("asyncio.with.lock", "a lock is held in the scope") {
  run_virtual([]() -> Coroutine<> {
    asyncio::Lock lock;
    co_await asyncio::gather(holds(lock, "a"), holds(lock, "b"));
    log(lock.locked());
    co_await noted(throws_in(lock), "throws");
    log(lock.locked());
  }());
}

CASE("asyncio.with.guard", "released once, at the end of the scope, by whoever has it") {
  run_virtual([]() -> Coroutine<> {
    asyncio::Lock lock;
    std::optional<asyncio::Guard<asyncio::Lock>> kept;
    {
      auto guard = co_await asyncio::with(lock);
      kept.emplace(std::move(guard));
    }
    EXPECT_TRUE(lock.locked());
    kept.reset();
    EXPECT_FALSE(lock.locked());
  }());
}

template <class L>
Coroutine<> holds_for_ever(L& lock) {
  const auto guard = co_await asyncio::with(lock);
  co_await asyncio::sleep(1h);
}
// Another one comes to stand in its place. Returns whether that stays locked.
template <class L>
Coroutine<bool> goes_first() {
  std::optional<L> lock(std::in_place);
  const auto holding = asyncio::create_task(holds_for_ever(*lock));
  co_await turns();
  lock.emplace();
  co_await lock->acquire();
  holding.cancel();
  EXPECT_EQ(co_await awaited(holding), "CancelledError");
  co_return lock->locked();
}

CASE("asyncio.with.guard-outlives", "the lock is gone: nothing is released") {
  EXPECT_TRUE(run_virtual(goes_first<asyncio::Lock>()));
  EXPECT_TRUE(run_virtual(goes_first<asyncio::Semaphore>()));
  EXPECT_TRUE(run_virtual(goes_first<asyncio::Condition>()));
}
#endif

CASE("asyncio.with.body", "of the context manager or of nothing, a coroutine or not") {
  run_virtual([]() -> Coroutine<> {
    struct Plain {
      int number = 0;
      Coroutine<> aenter() { co_return; }
      Coroutine<bool> aexit(std::exception_ptr) { co_return false; }
    } plain;
    co_await asyncio::with(plain, [](Plain& entered) { entered.number = 1; });
    EXPECT_EQ(plain.number, 1);
    EXPECT_EQ(co_await asyncio::with(plain, [] { return 2; }), 2);
    EXPECT_EQ(&co_await asyncio::with(plain, [](Plain& entered) -> Plain& { return entered; }),
              &plain);
    const auto body = [](Plain& entered) -> Coroutine<int> { co_return entered.number + 2; };
    EXPECT_EQ(co_await asyncio::with(plain, body), 3);
  }());
}

}  // namespace
}  // namespace tandem::conformance
