#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <limits>
#include <optional>
#include <sstream>
#include <type_traits>
#include <unordered_map>

#include "conformance/concurrent/futures/support.hpp"

namespace tandem::conformance {

CASE("futures.future.new-pending", "a new future is pending") {
  const Future<int> f;
  log(f.done(), f.running(), f.cancelled(), f);
}

CASE("futures.future.cancel-by-state", "cancel() takes back what has not started, and only that") {
  for (const State& s : every_state()) {
    const bool cancelled = s.future.cancel();
    log(s.name, cancelled, s.future);
  }
}

CASE("futures.future.cancelled-by-state", "cancelled() after cancel(), notified or not") {
  for (const State& s : every_state()) log(s.name, s.future.cancelled());
}

CASE("futures.future.done-by-state", "done() when cancelled, failed or finished") {
  for (const State& s : every_state()) log(s.name, s.future.done());
}

CASE("futures.future.running-by-state", "running() in that state only") {
  for (const State& s : every_state()) log(s.name, s.future.running());
}

CASE("futures.future.result-by-state", "result(0) by state") {
  for (const State& s : every_state()) {
    const auto look = [&] { log(s.name, "returned", s.future.result(0s)); };
    log(s.name, raised(look));
  }
}

CASE("futures.future.exception-by-state", "exception(0) by state") {
  for (const State& s : every_state()) {
    const auto look = [&] { log(s.name, "returned", raised_by(s.future.exception(0s))); };
    log(s.name, raised(look));
  }
}

CASE("futures.future.result-wakes-on-result", "a blocked result() returns what is set") {
  const Future<int> f;
  std::vector<int> got;
  auto thread = in_thread([&] { got.push_back(f.result()); });
  wait_until_blocked(1);
  f.set_result(42);
  thread.join();
  log(got);
}

CASE("futures.future.result-wakes-on-cancel", "a blocked result() raises CancelledError") {
  const Future<int> f;
  std::vector<std::string> got;
  auto thread = in_thread([&] { got.push_back(raised([&] { f.result(); })); });
  wait_until_blocked(1);
  log(f.cancel());
  thread.join();
  log(got);
}

CASE("futures.future.exception-wakes-on-exception", "a blocked exception() returns what is set") {
  const Future<int> f;
  std::vector<std::string> got;
  auto thread = in_thread([&] { got.push_back(raised_by(f.exception())); });
  wait_until_blocked(1);
  f.set_exception(error<ValueError>("late"));
  thread.join();
  log(got);
}

CASE("futures.future.exception-wakes-on-cancel", "a blocked exception() raises CancelledError") {
  const Future<int> f;
  std::vector<std::string> got;
  auto thread = in_thread([&] { got.push_back(raised([&] { f.exception(); })); });
  wait_until_blocked(1);
  log(f.cancel());
  thread.join();
  log(got);
}

CASE("futures.future.wakes-everybody", "all who wait for one future are woken") {
  const Future<int> f;
  std::vector<int> got(3);
  {
    std::vector<std::jthread> threads;
    for (int& one : got) threads.push_back(in_thread([&] { one = f.result(); }));
    wait_until_blocked(3);
    f.set_result(7);
  }
  log(got);
}

CASE("futures.future.result-timeout", "TimeoutError after the timeout, never before") {
  const Future<int> f;
  const auto start = now();
  log(raised([&] { f.result(times::must_expire); }));
  log(now() - start >= times::must_expire, f);
  f.set_result(1);
  log(f.result());
}

CASE("futures.future.exception-timeout", "TimeoutError after the timeout, never before") {
  const Future<int> f;
  const auto start = now();
  log(raised([&] { f.exception(times::must_expire); }));
  log(now() - start >= times::must_expire, f);
  f.set_result(1);
  log(f.exception() == nullptr ? "None" : "an exception");
}

CASE("futures.future.negative-timeout", "a negative timeout polls") {
  const Future<int> f;
  log(raised([&] { f.result(-1s); }), raised([&] { f.exception(-1s); }));
  f.set_result(3);
  log(f.result(-1s));
}

CASE("futures.future.timeout-too-large", "beyond TIMEOUT_MAX: OverflowError, if it has to wait") {
  constexpr std::chrono::duration<double> too_large(1e10);
  const Future<int> f;
  log(raised([&] { f.result(too_large); }));
  log(raised([&] { f.exception(too_large); }));
  f.set_result(3);
  log(f.result(too_large));
}

CASE("futures.future.timeout-nan", "a timeout that is not a number is a ValueError") {
  const std::chrono::duration<double> nan(std::numeric_limits<double>::quiet_NaN());
  const std::string said = kind(raised([&] { finished().result(nan); }));
  EXPECT_EQ(said, "ValueError");
  log(said);
}

CASE("futures.future.set-result-twice", "the first result stays") {
  Future<int> f;
  f.set_result(1);
  log(raised([&] { f.set_result(2); }));
  log(f.done(), f.result());
}

CASE("futures.future.set-exception-twice", "the first exception stays") {
  Future<int> f;
  f.set_exception(error<ValueError>("first"));
  log(raised([&] { f.set_exception(error<RuntimeError>("second")); }));
  log(raised([&] { f.result(); }));
}

CASE("futures.future.set-after-cancel", "nothing can be set on a cancelled future") {
  const Future<int> f = cancelled();
  log(raised([&] { f.set_result(1); }));
  log(raised([&] { f.set_exception(error<ValueError>("late")); }));
  f.set_running_or_notify_cancel();
  log(raised([&] { f.set_result(1); }));
  log(raised([&] { f.result(); }));
}

CASE("futures.future.set-while-pending", "a future need not run to be finished") {
  Future<int> f;
  f.set_result(1);
  log(f.result(), f);
  f = running();
  f.set_result(2);
  log(f.result(), f);
}

CASE("futures.future.set-running-by-state", "set_running_or_notify_cancel() by state") {
  const Logged logged;
  for (const State& s : every_state()) {
    const std::string end = raised([&] { log(s.name, s.future.set_running_or_notify_cancel()); });
    log(s.name, end, s.future);
  }
  for (const auto& message : logged.messages())
    log(std::regex_replace(message, std::regex("\\d+"), "N"));
}

CASE("futures.future.callback-with-result", "a callback sees the result") {
  const Future<int> f;
  f.add_done_callback([](const Future<int>& done) { log("callback", done.result()); });
  f.set_result(5);
}

CASE("futures.future.callback-with-exception", "a callback sees the exception") {
  const Future<int> f;
  f.add_done_callback([](const auto& done) { log("callback", raised_by(done.exception())); });
  f.set_exception(error<ValueError>("test"));
}

CASE("futures.future.callback-with-cancel", "cancel() calls the callbacks before it returns") {
  const Future<int> f;
  f.add_done_callback([](const auto& done) { log("callback", done.cancelled()); });
  const bool cancelled = f.cancel();
  log("cancel", cancelled);
}

CASE("futures.future.callback-raises", "what a callback raises is logged, the next are called") {
  const Future<int> f;
  f.add_done_callback([](const auto&) {
    log("raising");
    throw ValueError("doh!");
  });
  f.add_done_callback([](const auto&) { log("next"); });
  const Logged logged;
  const std::string end = raised([&] { f.set_result(5); });
  log(end);
  for (const auto& message : logged.messages()) log(message);
}

CASE("futures.future.callback-already-successful", "added late, it is called at once") {
  const Future<int> f;
  f.set_result(5);
  f.add_done_callback([](const Future<int>& done) { log("callback", done.result()); });
  log("added");
}

CASE("futures.future.callback-already-failed", "added after a failure, it is called at once") {
  const Future<int> f;
  f.set_exception(error<ValueError>("test"));
  f.add_done_callback([](const auto& done) { log("callback", raised_by(done.exception())); });
  log("added");
}

CASE("futures.future.callback-already-cancelled", "added after cancel(), it is called at once") {
  cancelled().add_done_callback([](const auto& done) { log("callback", done.cancelled()); });
  log("added");
}

CASE("futures.future.callback-raises-already-succeeded", "add_done_callback() does not raise it") {
  const Future<int> f;
  f.set_result(5);
  const Logged logged;
  log(raised([&] { f.add_done_callback([](const auto&) { throw ValueError("doh!"); }); }));
  for (const auto& message : logged.messages()) log(message);
}

CASE("futures.future.callback-order", "callbacks are called in the order of their adding") {
  const Future<void> f;
  for (int n = 0; n < 5; ++n) f.add_done_callback([n](const auto&) { log("callback", n); });
  f.set_result();
  f.add_done_callback([](const auto&) { log("late"); });
}

CASE("futures.future.callback-once", "each adding is one call") {
  const Future<int> f;
  int calls = 0;
  const auto count = [&](const AnyFuture&) { ++calls; };
  f.add_done_callback(count);
  f.add_done_callback(count);
  f.cancel();
  f.cancel();
  f.set_running_or_notify_cancel();
  f.cancel();
  log(calls);
}

CASE("futures.future.callback-thread", "who finishes, cancels or adds late calls the callbacks") {
  const auto act_in_thread = [](auto act) {
    const Future<int> f;
    std::vector<std::thread::id> seen;
    const auto note = [&](const auto&) { seen.push_back(std::this_thread::get_id()); };
    f.add_done_callback(note);
    auto thread = in_thread([&] { act(f); });
    const auto id = thread.get_id();
    thread.join();
    f.add_done_callback(note);
    log(seen.at(0) == id, seen.at(1) == std::this_thread::get_id());
  };
  act_in_thread([](const Future<int>& f) { f.set_result(1); });
  act_in_thread([](const Future<int>& f) { f.set_exception(error<ValueError>()); });
  act_in_thread([](const Future<int>& f) { f.cancel(); });
}

CASE("futures.future.callback-adds-callback", "a callback added by a callback is called at once") {
  const Future<int> f;
  f.add_done_callback([](const auto& done) {
    log("outer begins");
    done.add_done_callback([](const auto&) { log("inner"); });
    log("outer ends");
  });
  f.add_done_callback([](const auto&) { log("second"); });
  f.set_result(1);
}

CASE("futures.future.callback-after-waiters", "who waits does not wait for the callbacks") {
  const Future<int> f;
  threading::Event got_it;
  f.add_done_callback([&](const auto&) { log("callback", got_it.wait(times::must_not_expire)); });
  auto thread = in_thread([&] {
    f.result();
    got_it.set();
  });
  wait_until_blocked(1);
  f.set_result(1);
  thread.join();
}

CASE("futures.future.repr", "repr() by state") {
  for (const State& s : every_state()) log(s.name, s.future);
}

CASE("futures.future.repr-of-types", "repr() names the type of the result or of the exception") {
  const auto of_result = [](auto result) {
    Future<decltype(result)> f;
    f.set_result(result);
    log(f);
  };
  of_result(true);
  of_result(1.5);
  of_result(std::string("text"));
  const Future<void> nothing;
  nothing.set_result();
  log(nothing);
  for (const auto& exception : {error<RuntimeError>("x"), error<futures::TimeoutError>(),
                                error<futures::CancelledError>()}) {
    const Future<int> f;
    f.set_exception(exception);
    log(f);
  }
}

CASE("futures.future.result-none", "the future of a call without a result") {
  const Future<void> f;
  f.set_result();
  log(raised([&] { f.result(); }), f.exception() == nullptr ? "None" : "an exception", f);
}

CASE("futures.future.result-same-object", "result() gives the same object every time") {
  const Future<std::vector<int>> f;
  f.set_result(std::vector{1, 2});
  log(&f.result() == &f.result(), f.result());
}

CASE("futures.future.exception-same-object", "result() raises the stored exception") {
  const Future<int> f = failed();
  const auto get = [&] { f.result(); };
  log(raised(get), raised(get), f.exception() == f.exception());
}

CASE("futures.future.identity", "futures are compared and hashed by identity") {
  const Future<int> f = finished();
  const Future<int> g = finished();
  const Future<int> alias = f;
  log(f == alias, f == g, f != g);
  const std::unordered_map<Future<int>, std::string> names{{f, "f"}, {g, "g"}};
  log(names.size(), names.at(alias), names.at(g));
}

CASE("futures.future.exception-classes", "the family of exceptions") {
  using std::is_base_of_v;
  log(is_base_of_v<std::exception, futures::CancelledError>,
      is_base_of_v<std::exception, futures::InvalidStateError>);
  log(is_base_of_v<RuntimeError, futures::BrokenExecutor>);
  log(is_base_of_v<futures::BrokenExecutor, futures::BrokenThreadPool>);
  log(is_base_of_v<RuntimeError, futures::CancelledError>,
      is_base_of_v<RuntimeError, futures::InvalidStateError>);
}

CASE("futures.future.timeout-error-is-builtin", "one TimeoutError, an OSError") {
  log(std::is_same_v<futures::TimeoutError, TimeoutError>,
      std::is_base_of_v<OSError, futures::TimeoutError>);
}

CASE("futures.future.result-from-last-rvalue", "the last handle gives the result away") {
  Future<std::unique_ptr<int>> f;
  f.set_result(std::make_unique<int>(5));
  EXPECT_EQ(*f.result(), 5);
  const std::unique_ptr<int> mine = std::move(f).result();
  log(*mine);
  ASSERT_EQ(*mine, 5);
}

CASE("futures.future.result-from-shared-rvalue", "another handle keeps its result") {
  Future<std::string> f;
  Future<std::string> g = f;
  f.set_result("a text that is too long to stay inside of a string");
  const std::string mine = std::move(g).result();
  log(mine, f.result());
  ASSERT_EQ(mine, f.result());
}

CASE("futures.future.result-move-only-shared", "a shared move-only result cannot be taken") {
  Future<std::unique_ptr<int>> f;
  f.set_result(std::make_unique<int>(5));
  Future<std::unique_ptr<int>> g = f;
  const std::string said = kind(raised([&] { std::move(g).result(); }));
  log(said, *f.result());
  EXPECT_EQ(said, "InvalidStateError");
  EXPECT_EQ(*f.result(), 5);
}

CASE("futures.future.result-reference", "a future of a reference gives the object itself") {
  int object = 5;
  Future<int&> f;
  f.set_result(object);
  EXPECT_EQ(&f.result(), &object);
  EXPECT_EQ(&std::move(f).result(), &object);
  log(object);
}

// What each use of a handle says.
template <class T>
std::vector<std::string> every_use(const Future<T>& f) {
  return {
      raised([&] { f.cancel(); }),
      raised([&] { f.cancelled(); }),
      raised([&] { f.running(); }),
      raised([&] { f.done(); }),
      raised([&] { f.result(); }),
      raised([&] { Future<T>(f).result(); }),
      raised([&] { f.exception(); }),
      raised([&] { f.add_done_callback([](const auto&) {}); }),
      raised([&] { f.set_running_or_notify_cancel(); }),
      raised([&] { f.set_exception(error<ValueError>()); }),
      raised([&] { to_string(f); }),
      raised([&] {
        futures::wait({f, f});
      }),
      raised([&] {
        collected(futures::as_completed({f, f}));
      }),
  };
}

// How many uses say that there is no future, of how many.
template <class T>
std::string refused(const Future<T>& f) {
  const std::vector<std::string> said = every_use(f);
  const auto count = std::count(said.begin(), said.end(),
                                "InvalidStateError: this handle has no future: it was moved from "
                                "or gave its result away");
  return std::to_string(count) + " of " + std::to_string(said.size());
}

CASE("futures.future.moved-from", "a moved-from handle raises InvalidStateError") {
  Future<int> f = finished();
  Future<int> taken = std::move(f);
  // NOLINTBEGIN(bugprone-use-after-move)
  EXPECT_EQ(refused(f), "13 of 13");
  EXPECT_EQ(kind(raised([&] { f.set_result(1); })), "InvalidStateError");
  EXPECT_FALSE(f == taken);
  EXPECT_NE(std::hash<Future<int>>()(f), std::hash<Future<int>>()(taken));
  f = taken;
  // NOLINTEND(bugprone-use-after-move)
  EXPECT_EQ(f.result(), 42);
  log(f.result());
}

CASE("futures.future.result-empties-rvalue", "a handle that gave its result away is empty") {
  // NOLINTBEGIN(bugprone-use-after-move)
  Future<std::unique_ptr<int>> moved;
  moved.set_result(std::make_unique<int>(5));
  EXPECT_EQ(*std::move(moved).result(), 5);
  EXPECT_EQ(refused(moved), "13 of 13");
  EXPECT_EQ(kind(raised([&] { std::move(moved).result(); })), "InvalidStateError");

  Future<int> copied = finished();
  const Future<int> other = copied;
  EXPECT_EQ(std::move(copied).result(), 42);
  EXPECT_EQ(refused(copied), "13 of 13");
  EXPECT_EQ(other.result(), 42);

  int object = 5;
  Future<int&> reference;
  reference.set_result(object);
  EXPECT_EQ(&std::move(reference).result(), &object);
  EXPECT_EQ(refused(reference), "13 of 13");

  Future<void> nothing;
  nothing.set_result();
  std::move(nothing).result();
  EXPECT_EQ(refused(nothing), "13 of 13");

  Future<int> late;
  EXPECT_EQ(raised([&] { std::move(late).result(0s); }), "TimeoutError");
  late.set_exception(error<ValueError>("bad"));
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(raised([&] { std::move(late).result(); }), "ValueError: bad");
  log(refused(copied), refused(late));
  // NOLINTEND(bugprone-use-after-move)
}

CASE("futures.future.set-exception-null", "there must be an exception to set") {
  const Future<int> f;
  const std::string said = kind(raised([&] { f.set_exception(nullptr); }));
  EXPECT_EQ(said, "ValueError");
  EXPECT_FALSE(f.done());
  log(said, f);
}

CASE("futures.future.exception-not-standard", "any thrown type is kept") {
  const Future<int> f;
  f.set_exception(std::make_exception_ptr(42));
  int caught = 0;
  try {
    f.result();
  } catch (int number) {
    caught = number;
  }
  log(caught, f);
  EXPECT_EQ(caught, 42);
  EXPECT_TRUE(f.exception() != nullptr);
  EXPECT_TRUE(to_string(f).ends_with("state=finished raised int>")) << to_string(f);
}

CASE("futures.future.repr-any", "to_string() and operator<< agree, also on AnyFuture") {
  const Future<int> f = finished();
  const AnyFuture any = f;
  std::ostringstream out;
  out << f << any;
  EXPECT_EQ(out.str(), to_string(f) + to_string(any));
  EXPECT_EQ(to_string(f), to_string(any));
  EXPECT_EQ(str(f), str(any));
  log(any);
}

CASE("futures.future.result-move-only-after-wait", "wait() does not keep the result shared") {
  constexpr int rounds = 300;
  int wrong = 0;
  ThreadPoolExecutor pool(1);
  for (int round = 0; round < rounds; ++round) {
    auto f = pool.submit([] { return std::make_unique<int>(5); });
    futures::wait({f});
    if (raised([&] { std::move(f).result(); }) != "nothing") ++wrong;
  }
  log(wrong);
  EXPECT_EQ(wrong, 0);
}

CASE("futures.future.callback-drops-handle", "a callback may drop the last handle") {
  const auto dropped_by = [](auto act) {
    int calls = 0;
    std::optional<Future<int>> f(std::in_place);
    f->add_done_callback([&](const auto&) { f.reset(); });
    f->add_done_callback([&](const auto& done) { calls += done.done() ? 1 : 0; });
    act(*f);
    EXPECT_EQ(calls, 1);
    log(calls);
  };
  dropped_by([](const Future<int>& f) { f.set_result(1); });
  dropped_by([](const Future<int>& f) { f.set_exception(error<ValueError>()); });
  dropped_by([](const Future<int>& f) { f.cancel(); });
}

CASE("futures.future.callback-released", "callbacks do not outlive their use") {
  const auto token = std::make_shared<int>(1);
  const Future<int> f;
  f.add_done_callback([token](const auto&) {});
  {
    const Future<int> never_done;
    never_done.add_done_callback([token](const auto&) {});
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 2);
  f.set_result(1);
  EXPECT_EQ(token.use_count(), 1);
  log(token.use_count());
}

CASE("futures.future.one-winner", "of all who set or cancel exactly one succeeds") {
  constexpr int rounds = 200;
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    const Future<int> f;
    std::atomic<int> winners = 0;
    const auto attempt = [&](auto act) { winners += raised(act) == "nothing" ? 1 : 0; };
    {
      std::barrier start(3);
      const auto one = in_thread([&] {
        start.arrive_and_wait();
        attempt([&] { f.set_result(1); });
      });
      const auto two = in_thread([&] {
        start.arrive_and_wait();
        attempt([&] { f.set_exception(error<ValueError>()); });
      });
      start.arrive_and_wait();
      if (f.cancel()) ++winners;
    }
    if (winners != 1 || !f.done()) ++wrong;
  }
  log(wrong);
  EXPECT_EQ(wrong, 0);
}

CASE("futures.future.callback-race", "a callback added during the finish is called once") {
  constexpr int rounds = 200;
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    const Future<int> f;
    std::array<std::atomic<int>, 3> calls{};
    {
      std::barrier start(2);
      const auto other = in_thread([&] {
        start.arrive_and_wait();
        f.set_result(1);
      });
      f.add_done_callback([&](const auto&) { ++calls[0]; });
      start.arrive_and_wait();
      f.add_done_callback([&](const auto&) { ++calls[1]; });
      f.add_done_callback([&](const auto&) { ++calls[2]; });
    }
    if (std::any_of(calls.begin(), calls.end(), [](const auto& n) { return n != 1; })) ++wrong;
  }
  log(wrong);
  EXPECT_EQ(wrong, 0);
}

}  // namespace tandem::conformance
