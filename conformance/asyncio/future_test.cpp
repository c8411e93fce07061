#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "conformance/asyncio/support.hpp"
#include "tandem/contextvars.hpp"
#include "tandem/futures.hpp"

namespace tandem::conformance {

using asyncio::Future;

namespace {

Future<int> finished() {
  Future<int> f;
  f.set_result(42);
  return f;
}
Future<int> failed() {
  Future<int> f;
  f.set_exception(ValueError("bad"));
  return f;
}
Future<int> cancelled() {
  Future<int> f;
  f.cancel();
  return f;
}

struct State {
  std::string name;
  Future<int> future;
};
std::vector<State> every_state() {
  return {
      {"pending", {}}, {"cancelled", cancelled()}, {"failed", failed()}, {"finished", finished()}};
}

// A failed one that nobody has asked is reported.
void looked_at(const std::vector<State>& states) {
  for (const auto& [name, future] : states)
    if (future.done() && !future.cancelled()) future.exception();
}

// "There is no current event loop" of "… in thread 'MainThread'."
std::string without_place(const std::string& said) { return said.substr(0, said.find(" in ")); }

Coroutine<int> answer() { co_return 42; }

}  // namespace

CASE("asyncio.future.initial-state", "pending: neither done nor cancelled") {
  run_virtual([]() -> Coroutine<> {
    const auto f = asyncio::get_running_loop().create_future<int>();
    log(f.done(), f.cancelled(), f);
    log(f.get_loop() == asyncio::get_running_loop());
    co_return;
  });
}

CASE("asyncio.future.without-loop", "a future needs a loop") {
  asyncio::set_event_loop({});
  log(without_place(raised([] { return Future<int>(); })));
  run_virtual([]() -> Coroutine<> {
    log(Future<int>().get_loop() == asyncio::get_running_loop());
    co_return;
  });
}

CASE("asyncio.future.current-loop",
     "outside of a running loop the one that has been set is taken") {
  const EventLoop loop = asyncio::new_event_loop();
  asyncio::set_event_loop(loop);
  log(Future<int>().get_loop() == loop);
  asyncio::set_event_loop({});
  loop.close();
}

CASE("asyncio.future.cancel", "cancel() is True once, and False when done") {
  run_virtual([]() -> Coroutine<> {
    const auto states = every_state();
    for (const auto& [name, f] : states) {
      const bool was_cancelled = f.cancel();
      log(name, was_cancelled, f.cancelled(), f.done());
    }
    looked_at(states);
    co_return;
  });
}

CASE("asyncio.future.result-by-state", "result() by state") {
  run_virtual([]() -> Coroutine<> {
    for (const State& s : every_state()) {
      const auto look = [&] { log(s.name, "returned", s.future.result()); };
      log(s.name, raised(look));
    }
    co_return;
  });
}

CASE("asyncio.future.exception-by-state", "exception() by state") {
  run_virtual([]() -> Coroutine<> {
    for (const State& s : every_state()) {
      const auto look = [&] { log(s.name, "returned", raised_by(s.future.exception())); };
      log(s.name, raised(look));
    }
    co_return;
  });
}

CASE("asyncio.future.set-once", "what is done stays as it is") {
  run_virtual([]() -> Coroutine<> {
    for (const auto& [name, f] : every_state()) {
      if (!f.done()) continue;
      const std::string result = raised([&f] { f.set_result(7); });
      const std::string exception = raised([&f] { f.set_exception(KeyError("late")); });
      log(name, result, exception, state(f));
    }
    co_return;
  });
}

namespace {
Coroutine<> log_what_comes(Future<int> f) {
  const std::string said = co_await awaited(f);
  log(said);
}
}  // namespace

CASE("asyncio.future.cancel-message", "the message reaches result(), exception() and who awaits") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    const auto waiting = asyncio::ensure_future(log_what_comes(f));
    co_await turns();
    f.cancel("enough");
    log(raised([&] { return f.result(); }));
    co_await waiting;
    const Future<int> g;
    g.cancel("too much");
    log(raised([&] { return g.exception(); }));
  });
}

CASE("asyncio.future.callbacks", "callbacks are called in their order, by the loop") {
  run_virtual([]() -> Coroutine<> {
    const std::vector<std::function<void(Future<int>)>> ways{
        [](const Future<int>& f) { f.set_result(1); },
        [](const Future<int>& f) { f.set_exception(ValueError("bad")); },
        [](const Future<int>& f) { f.cancel(); }};
    for (const auto& complete : ways) {
      const Future<int> f;
      f.add_done_callback([&](const Future<int>& done) { log("first", state(done), done == f); });
      f.add_done_callback([](const Future<int>&) { log("second"); });
      complete(f);
      log("completed");
      co_await turns();
      log("a turn later");
    }
  });
}

CASE("asyncio.future.callback-when-done", "added to one that is done, called in the next turn") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f = finished();
    f.add_done_callback([](const Future<int>& done) { log("called", done.result()); });
    log("added");
    co_await turns();
    log("a turn later");
  });
}

CASE("asyncio.future.remove-done-callback", "removes what is not scheduled yet") {
  run_virtual([]() -> Coroutine<> {
    const Future<> f;
    std::vector<asyncio::CallbackToken> tokens;
    for (const char* name : {"first", "second", "third", "fourth", "fifth"})
      tokens.push_back(f.add_done_callback([name](const Future<>&) { log(name); }));
    const auto remove = [&](std::size_t which) { return f.remove_done_callback(tokens[which]); };
    Log{remove(0), remove(0)};
    Log{remove(2), remove(4)};
    f.set_result();
    log(remove(1));
    co_await turns();
    log("a turn later");
  });
}

CASE("asyncio.future.callback-raises", "what a callback raises is reported, the next are called") {
  run_virtual([]() -> Coroutine<> {
    asyncio::get_running_loop().set_exception_handler(
        [](const EventLoop&, const asyncio::ExceptionContext& context) {
          log("report:", context.message.substr(0, 21), raised_by(context.exception));
        });
    const Future<> f;
    f.add_done_callback([](const Future<>&) { throw ValueError("bad callback"); });
    f.add_done_callback([](const Future<>&) { log("next"); });
    f.set_result();
    co_await turns();
  });
}

CASE("asyncio.future.callback-context", "in the context in which it was added, or the one given") {
  const contextvars::ContextVar<std::string> var("var", "nothing");
  run_virtual([&var]() -> Coroutine<> {
    const auto look = [&var](const Future<>&) { log(var.get()); };
    var.set("when made");
    const Future<> f;
    var.set("when added");
    const contextvars::Context other = contextvars::copy_context();
    other.run([&var] { var.set("given"); });
    f.add_done_callback(look);
    f.add_done_callback(look, other);
    var.set("when completed");
    f.set_result();
    f.add_done_callback(look);
    f.add_done_callback(look, other);
    co_await turns();
  });
}

CASE("asyncio.future.repr", "a future prints its state") {
  run_virtual([]() -> Coroutine<> {
    const auto states = every_state();
    for (const auto& [name, f] : states) {
      const std::string text = str(f);
      const auto end = text.find(" exception=");
      log(name, end == std::string::npos ? text.substr(0, text.size() - 1) : text.substr(0, end));
    }
    looked_at(states);
    co_return;
  });
}

CASE("asyncio.future.never-retrieved", "reported when the future dies") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    std::optional<Future<int>> f = failed();
    f->add_done_callback([](const Future<int>&) { log("called"); });
    co_await turns();
    log("still there");
    f.reset();
    log("gone");
  });
}

CASE("asyncio.future.retrieved", "whoever has asked is told nothing") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    log(raised([f = failed()] { return f.result(); }));
    log(raised_by(failed().exception()));
    log(failed().cancel());
    const std::string said = co_await awaited(failed());
    log(said);
    for (const auto& make : {+[] { return Future<int>(); }, &cancelled, &finished})
      log(state(make()));
    log("nothing reported");
  });
}

CASE("asyncio.future.await-done", "awaiting a future that is done takes no turn of the loop") {
  run_virtual([]() -> Coroutine<> {
    asyncio::get_running_loop().call_soon([] { log("next turn"); });
    const int result = co_await finished();
    const std::string error = co_await awaited(failed());
    const std::string cancellation = co_await awaited(cancelled());
    log(result, error, cancellation);
    const Future<int> f = finished();
    const int first = co_await f;
    const int second = co_await f;
    log(first, second);
  });
}

namespace {
Coroutine<> log_result(Future<std::string> f, std::string name) {
  const std::string& result = co_await f;
  log(name, result);
}
}  // namespace

CASE("asyncio.future.wake-order", "tasks and callbacks are woken in the order of their coming") {
  run_virtual([]() -> Coroutine<> {
    const Future<std::string> f;
    const auto first = asyncio::ensure_future(log_result(f, "first"));
    co_await turns();
    f.add_done_callback([](const Future<std::string>&) { log("callback"); });
    const auto second = asyncio::ensure_future(log_result(f, "second"));
    co_await turns();
    asyncio::get_running_loop().call_soon([] { log("before"); });
    f.set_result("woken");
    asyncio::get_running_loop().call_soon([] { log("after"); });
    co_await first;
    co_await second;
  });
}

CASE("asyncio.future.other-loop", "awaiting a future of another loop is an error") {
  const EventLoop other = asyncio::new_event_loop();
  run_virtual([&other]() -> Coroutine<> {
    const auto f = other.create_future<int>();
    const std::string said = co_await awaited(f);
    log(said.substr(0, said.find(": ")), said.ends_with("attached to a different loop"));
  });
  other.close();
}

CASE("asyncio.future.ensure-future", "a coroutine becomes a task, others stay themselves") {
  run_virtual([]() -> Coroutine<> {
    const auto task = asyncio::ensure_future(answer());
    const bool is_itself = asyncio::ensure_future(task) == task;
    const int result = co_await task;
    log(std::same_as<decltype(task), const asyncio::Task<int>>, is_itself, result);
    const Future<int> f;
    log(asyncio::ensure_future(f) == f);
  });
}

CASE("asyncio.future.ensure-future-loop", "the task belongs to the loop that is given") {
  const EventLoop loop = asyncio::new_event_loop();
  const EventLoop other = asyncio::new_event_loop();
  const auto task = asyncio::ensure_future(answer(), loop);
  const bool is_its = task.get_loop() == loop;
  log(is_its, loop.run_until_complete(task));
  log(raised([&] { return asyncio::ensure_future(task, other); }));
  loop.close();
  other.close();
}

CASE("asyncio.future.isfuture", "isfuture() of futures and tasks, not of coroutines") {
  run_virtual([]() -> Coroutine<> {
    Coroutine<int> coroutine = answer();
    log(asyncio::isfuture(Future<int>()), asyncio::isfuture(coroutine), asyncio::isfuture(42));
    const auto task = asyncio::ensure_future(std::move(coroutine));
    log(asyncio::isfuture(task));
    co_await task;
  });
}

CASE("asyncio.future.wrap-future", "the outcome of a future of threads is taken over") {
  run_virtual([]() -> Coroutine<> {
    const std::vector<std::function<void(futures::Future<int>)>> ways{
        [](const futures::Future<int>& f) { f.set_result(7); },
        [](const futures::Future<int>& f) { f.set_exception(error<ValueError>("bad")); },
        [](const futures::Future<int>& f) { f.cancel(); }};
    for (const auto& complete : ways) {
      const futures::Future<int> of_threads;
      const Future<int> f = asyncio::wrap_future(of_threads);
      log(f.done(), f.get_loop() == asyncio::get_running_loop());
      std::jthread thread(complete, of_threads);
      const std::string said = co_await awaited(f);
      log(said);
    }
  });
}

CASE("asyncio.future.wrap-future-done", "one that is done is taken over in a later turn") {
  run_virtual([]() -> Coroutine<> {
    const futures::Future<int> of_threads;
    of_threads.set_result(7);
    const Future<int> f = asyncio::wrap_future(of_threads);
    log(f.done());
    co_await turns();
    log(f.done(), f.result());
  });
}

CASE("asyncio.future.wrap-future-cancel", "cancelling the wrapper cancels what it wraps") {
  run_virtual([]() -> Coroutine<> {
    const futures::Future<int> of_threads;
    const Future<int> f = asyncio::wrap_future(of_threads);
    f.cancel();
    log(of_threads.cancelled());
    co_await turns();
    log(of_threads.cancelled());
  });
}

CASE("asyncio.future.wrap-future-late", "what comes after the cancellation is dropped") {
  run_virtual([]() -> Coroutine<> {
    log_reports();
    const futures::Future<int> of_threads;
    const Future<int> f = asyncio::wrap_future(of_threads);
    of_threads.set_running_or_notify_cancel();
    f.cancel();
    of_threads.set_result(42);
    co_await turns(2);
    log(state(f), of_threads.result());
  });
}

CASE("asyncio.future.wrap-future-copying-throws", "a result whose copying throws") {
  run_virtual([]() -> Coroutine<> {
    const futures::Future<NoCopy> of_threads;
    const Future<NoCopy> f = asyncio::wrap_future(of_threads);
    of_threads.set_result(NoCopy());
    co_await turns();
    EXPECT_EQ(raised_by(f.exception()), "ValueError: copied");
  });
}

CASE("asyncio.future.wrap-future-move-only", "a result that cannot be copied is moved") {
  run_virtual([]() -> Coroutine<> {
    const futures::Future<std::unique_ptr<int>> of_threads;
    const Future<std::unique_ptr<int>> f = asyncio::wrap_future(of_threads);
    of_threads.set_result(std::make_unique<int>(7));
    co_await turns();
    EXPECT_EQ(*f.result(), 7);
    EXPECT_FALSE(of_threads.result());
  });
}

CASE("asyncio.future.wrap-future-itself", "a future of asyncio stays itself") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    log(asyncio::wrap_future(f) == f);
    co_return;
  });
}

CASE("asyncio.future.wrap-future-loop", "without a running loop the one given, or set, is taken") {
  const EventLoop loop = asyncio::new_event_loop();
  const futures::Future<int> of_threads;
  asyncio::set_event_loop({});
  log(without_place(raised([&] { return asyncio::wrap_future(of_threads); })));
  const Future<int> f = asyncio::wrap_future(of_threads, loop);
  log(f.get_loop() == loop);
  asyncio::set_event_loop(loop);
  log(asyncio::wrap_future(of_threads).get_loop() == loop);
  asyncio::set_event_loop({});
  of_threads.set_result(0);  // one that is never done and what wraps it keep each other
  loop.close();
}

namespace {
Coroutine<std::string> ends(asyncio::AnyFuture future) {
  co_await future;
  co_return "ends";
}
}  // namespace

CASE("asyncio.future.await-untyped", "awaited by whoever does not know what it will give") {
  run_virtual([]() -> Coroutine<> {
    const Future<int> f;
    auto waiting = asyncio::ensure_future(ends(f));
    co_await turns();
    log(waiting.done());
    f.set_result(42);
    const std::string said = co_await waiting;
    log(said, f.result());
    const std::string of_finished = co_await awaited(ends(finished()));
    const std::string of_failed = co_await awaited(ends(failed()));
    const std::string of_cancelled = co_await awaited(ends(cancelled()));
    log(of_finished, of_failed, of_cancelled);
    const auto task = asyncio::ensure_future(ends(Future<int>()));
    waiting = asyncio::ensure_future(ends(task));
    co_await turns(2);
    log(waiting.cancel(), task.done());
    const std::string of_waiting = co_await awaited(waiting);
    log(of_waiting, state(task));
  });
}

namespace {
Coroutine<std::string> fetch() {
  log("begins");
  co_await asyncio::sleep(0s);
  co_return "page";
}
struct Page {
  Coroutine<std::string> fetching = fetch();
  auto operator co_await() && { return std::move(fetching).operator co_await(); }
};
}  // namespace

CASE("asyncio.future.ensure-future-awaitable", "of one's own type: it becomes a task") {
  run_virtual([]() -> Coroutine<> {
    const auto task = asyncio::ensure_future(Page());
    log(std::same_as<decltype(task), const asyncio::Task<std::string>>, task.done());
    const std::string result = co_await task;
    log(result);
  });
  const EventLoop loop = asyncio::new_event_loop();
  const auto task = asyncio::ensure_future(Page(), loop);
  const bool is_its = task.get_loop() == loop;
  const std::string first = loop.run_until_complete(task);
  log(is_its, first, loop.run_until_complete(Page()));
  loop.close();
}

}  // namespace tandem::conformance
