#include <algorithm>
#include <atomic>
#include <cstddef>
#include <unordered_map>
#include <unordered_set>

#include "conformance/concurrent/futures/support.hpp"
#include "conformance/harness/allocations.hpp"
#include "conformance/harness/sanitizers.hpp"
#include "conformance/threading/exits.hpp"

namespace tandem::conformance {
namespace {

using futures::ALL_COMPLETED;
using futures::FIRST_COMPLETED;
using futures::FIRST_EXCEPTION;

using Fs = std::vector<Future<int>>;
using Names = std::vector<std::pair<std::string, AnyFuture>>;

int fail() { throw ValueError("this is an exception"); }

// A pool whose task `hold` does not end before the case does.
class Held {
 public:
  Held() = default;
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { gate_.set(); }

  template <class F, class... A>
  auto submit(F f, A... args) {
    return pool_.submit(f, args...);
  }
  Future<int> hold() {
    return pool_.submit([this] { return gate_.wait() ? 1 : 0; });
  }

 private:
  threading::Event gate_;
  ThreadPoolExecutor pool_{3};
};

template <class Set>
std::vector<std::string> names_in(const Set& set, const Names& named) {
  std::vector<std::string> names;
  for (const auto& [name, future] : named)
    if (set.contains(future)) names.push_back(name);
  return names;
}

// Which of the named futures are in which set.
template <class Result>
void tell(const Result& result, const Names& named) {
  log("done", names_in(result.done, named));
  log("not_done", names_in(result.not_done, named));
  log(result.done.size(), result.not_done.size());
}

int scribble() {
  volatile char over[64 * 1024];
  for (volatile char& each : over) each = 1;
  return over[0];
}
// In a child: new threads have the stacks of the n lost ones, and what these had there is gone.
void use_lost_stacks_again(int n) {
  threading::Barrier together(n);
  std::vector<std::jthread> threads;
  for (int i = 0; i < n; ++i) threads.push_back(in_thread([&] { together.wait(), scribble(); }));
}

// Waits in another thread until act() lets it go.
template <class Act>
void tell_when(const Fs& fs, futures::WaitOptions options, Act act, const Names& named) {
  std::optional<futures::DoneAndNotDone<Future<int>>> got;
  auto thread = in_thread([&] { got.emplace(futures::wait(fs, options)); });
  wait_until_blocked(1);
  act();
  thread.join();
  tell(*got, named);
}

CASE("futures.wait.all-completed", "returns when all are done") {
  Held held;
  const Fs fs{finished(), notified(), failed(), held.submit(fail), held.submit(mul, 2, 21)};
  tell(futures::wait(fs, {.return_when = ALL_COMPLETED}),
       {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}, {"d", fs[3]}, {"e", fs[4]}});
}

CASE("futures.wait.default", "without options: all, for ever") {
  const Future<int> f;
  tell_when({f, finished()}, {}, [&] { f.set_result(1); }, {{"f", f}});
}

CASE("futures.wait.first-completed", "returns when one has ended and been noticed") {
  Held held;
  const Fs fs{cancelled(), held.submit(mul, 21, 2), held.hold()};
  tell(futures::wait(fs, {.return_when = FIRST_COMPLETED}),
       {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}});
}

CASE("futures.wait.first-completed-already", "returns at once when one has ended before") {
  Held held;
  const Fs fs{notified(), finished(), held.hold()};
  tell(futures::wait(fs, {.return_when = FIRST_COMPLETED}),
       {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}});
}

CASE("futures.wait.first-completed-wakes", "a blocked wait ends with the first that ends") {
  const auto ended_by = [](auto act) {
    const Future<int> f;
    const Future<int> g;
    tell_when({f, g}, {.return_when = FIRST_COMPLETED}, [&] { act(f); }, {{"f", f}, {"g", g}});
  };
  ended_by([](const Future<int>& f) { f.set_result(1); });
  ended_by([](const Future<int>& f) { f.set_exception(error<ValueError>()); });
  ended_by([](const Future<int>& f) {
    f.cancel();
    f.set_running_or_notify_cancel();
  });
}

CASE("futures.wait.first-exception", "returns when one has raised") {
  Held held;
  const Future<int> a = held.submit(mul, 2, 21);
  a.result();
  const Fs fs{a, held.submit(fail), held.hold()};
  tell(futures::wait(fs, {.return_when = FIRST_EXCEPTION}),
       {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}});
}

CASE("futures.wait.first-exception-some-already", "done ones that did not raise do not end it") {
  const Fs fs{finished(), cancelled(), notified(), Future<int>(), Future<int>()};
  tell_when(fs, {.return_when = FIRST_EXCEPTION}, [&] { fs[3].set_exception(error<ValueError>()); },
            {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}, {"d", fs[3]}, {"e", fs[4]}});
}

CASE("futures.wait.first-exception-already-failed", "returns at once when one has raised before") {
  Held held;
  const Fs fs{failed(), held.hold()};
  tell(futures::wait(fs, {.return_when = FIRST_EXCEPTION}), {{"a", fs[0]}, {"b", fs[1]}});
}

// FIRST_EXCEPTION is not ended by first_act, but by what second_act does then.
template <class First, class Second>
void first_does_not_end_it(First first_act, Second second_act) {
  const Future<int> f;
  const Future<int> g;
  std::atomic<bool> ended = false;
  std::optional<futures::DoneAndNotDone<Future<int>>> got;
  auto thread = in_thread([&] {
    got.emplace(futures::wait({f, g}, {.return_when = FIRST_EXCEPTION}));
    ended = true;
  });
  wait_until_blocked(1);
  first_act(f);
  let_others_run();
  wait_until_blocked(1);
  log("waits on", !ended);
  second_act(g);
  thread.join();
  tell(*got, {{"f", f}, {"g", g}});
}

CASE("futures.wait.first-exception-cancelled", "a cancelled future is no exception") {
  first_does_not_end_it(
      [](const Future<int>& f) {
        f.cancel();
        f.set_running_or_notify_cancel();
      },
      [](const Future<int>& g) { g.set_exception(error<ValueError>()); });
}

CASE("futures.wait.first-exception-none-raised", "when none raises it is as ALL_COMPLETED") {
  first_does_not_end_it([](const Future<int>& f) { f.set_result(1); },
                        [](const Future<int>& g) { g.set_result(2); });
}

CASE("futures.wait.timeout", "at the timeout it returns, raises nothing, cancels nothing") {
  Held held;
  const Fs fs{notified(), failed(), finished(), held.submit(mul, 6, 7), held.hold()};
  fs[3].result();
  const auto start = now();
  tell(futures::wait(fs, {.timeout = times::must_expire}),
       {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}, {"d", fs[3]}, {"e", fs[4]}});
  log(now() - start >= times::must_expire, fs[4].cancelled(), fs[4].done());
}

CASE("futures.wait.timeout-zero", "a timeout of zero or less looks once") {
  const Future<int> f;
  const Future<int> g = finished();
  const Names named{{"f", f}, {"g", g}};
  for (const auto timeout : {0s, -1s})
    for (const auto when : {ALL_COMPLETED, FIRST_EXCEPTION})
      tell(futures::wait({f, g}, {.timeout = timeout, .return_when = when}), named);
  tell(futures::wait({f}, {.timeout = 0s, .return_when = FIRST_COMPLETED}), {{"f", f}});
}

CASE("futures.wait.timeout-too-large", "beyond TIMEOUT_MAX: OverflowError, unless all are done") {
  constexpr std::chrono::duration<double> too_large(1e10);
  log(raised([&] { futures::wait({Future<int>()}, {.timeout = too_large}); }));
  const Future<int> f = finished();
  tell(futures::wait({f}, {.timeout = too_large}), {{"f", f}});
}

CASE("futures.wait.duplicates", "a future given twice counts once") {
  Held held;
  const Future<int> f = held.submit(mul, 2, 3);
  tell(futures::wait({f, f}, {.return_when = ALL_COMPLETED}), {{"f", f}});
  const Future<int> g;
  tell(futures::wait({f, g, f, g}, {.timeout = 0s}), {{"f", f}, {"g", g}});
}

CASE("futures.wait.cancelled-until-notified", "waited for until the executor has noticed") {
  const Future<int> f = cancelled();
  tell(futures::wait({f}, {.timeout = 0s}), {{"f", f}});
  tell_when({f}, {}, [&] { f.set_running_or_notify_cancel(); }, {{"f", f}});
}

CASE("futures.wait.empty", "nothing to wait for") {
  for (const auto when : {ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION})
    tell(futures::wait(Fs{}, {.return_when = when}), {});
}

CASE("futures.wait.pending-calls-race", "a hundred futures that end together") {
  std::vector<std::pair<std::size_t, std::size_t>> sizes;
  for (const bool waiting_before : {false, true}) {
    threading::Event event;
    ThreadPoolExecutor pool(5);
    Fs fs;
    for (int n = 0; n < 100; ++n) fs.push_back(pool.submit([&] { return event.wait() ? 1 : 0; }));
    auto opener = in_thread([&] {
      if (waiting_before) wait_until_blocked(6);
      event.set();
    });
    const auto [done, not_done] = futures::wait(fs, {.return_when = ALL_COMPLETED});
    opener.join();
    sizes.emplace_back(done.size(), not_done.size());
  }
  EXPECT_EQ(sizes[0], sizes[1]);
  log(sizes[0].first, sizes[0].second);
}

CASE("futures.wait.mixed-types", "futures of different results together") {
  const Future<int> a = finished();
  const Future<std::string> b;
  b.set_result("text");
  const Future<void> c;
  const auto [done, not_done] = futures::wait({a, b, c}, {.timeout = 0s});
  log(done.contains(a), done.contains(b), done.contains(c), not_done.contains(c), done.size(),
      not_done.size());
}

CASE("futures.wait.any-iterable", "a list, a set, the keys of a map, a one-pass range") {
  const Future<int> f = finished();
  const Future<int> g;
  const Names named{{"f", f}, {"g", g}};
  tell(futures::wait(Fs{f, g}, {.timeout = 0s}), named);
  tell(futures::wait(std::unordered_set<Future<int>>{f, g}, {.timeout = 0s}), named);
  const std::unordered_map<Future<int>, std::string> names{{f, "f"}, {g, "g"}};
  tell(futures::wait(names, {.timeout = 0s}), named);
  const Fs fs{f, g};
  auto one_pass = std::views::iota(0, 2) |
                  std::views::transform([&](int n) { return fs[static_cast<std::size_t>(n)]; });
  tell(futures::wait(one_pass, {.timeout = 0s}), named);
}

CASE("futures.wait.named-result", "the result is a pair with names") {
  const Future<int> f = finished();
  const auto result = futures::wait({f});
  const auto& [done, not_done] = result;
  log(result.done.contains(f), result.not_done.size(), done.size(), not_done.size());
}

CASE("futures.wait.several-executors", "futures of several executors together") {
  ThreadPoolExecutor one(1);
  ThreadPoolExecutor two(1);
  const Future<int> f = one.submit(mul, 2, 3);
  const Future<int> g = two.submit(mul, 4, 5);
  tell(futures::wait({f, g}), {{"f", f}, {"g", g}});
  log(f.result(), g.result());
}

CASE("futures.wait.several-waiters", "several threads may wait for the same future") {
  const Future<int> f;
  const Future<int> g;
  std::vector<std::size_t> got(3);
  {
    const auto one = in_thread([&] { got[0] = futures::wait({f, g}).done.size(); });
    const auto two = in_thread([&] {
      got[1] = futures::wait({f, g}, {.return_when = FIRST_EXCEPTION}).done.size();
    });
    const auto three = in_thread([&] { got[2] = futures::wait({g}).done.size(); });
    wait_until_blocked(3);
    f.set_result(1);
    g.set_result(2);
  }
  std::sort(got.begin(), got.end());
  log(got);
}

CASE("futures.wait.leaves-no-trace", "waits that timed out do not disturb what follows") {
  const Future<int> f;
  const auto wait = [&] { futures::wait({f}, {.timeout = 0s}); };
  wait();  // the first one may make what all of them use
  const auto before = live_bytes();
  for (int n = 0; n < 1000; ++n) wait();
  EXPECT_LE(live_bytes(), before);
  f.set_result(1);
  tell(futures::wait({f}), {{"f", f}});
}

CASE("futures.wait.before-callbacks", "who waits does not wait for the callbacks") {
  const Future<int> f;
  threading::Event woken;
  f.add_done_callback([&](const auto&) { log("callback", woken.wait(times::must_not_expire)); });
  auto thread = in_thread([&] {
    futures::wait({f});
    woken.set();
  });
  wait_until_blocked(1);
  f.set_result(1);
  thread.join();
}

CASE("futures.wait.forked", "a child may finish what lost threads wait for") {
  const Future<int> f;
  auto waiting = in_thread([&] { futures::wait({f}); });
  auto asking = in_thread([&] { f.result(); });
  wait_until_blocked(2);
  EXPECT_EQ(said_until_exit([&](Child& child) {
              if (threads_survive_fork) use_lost_stacks_again(2);
              f.set_result(42);
              child.say(std::to_string(f.result()));
              std::_Exit(0);  // the other threads' handles are not here
            }),
            (std::vector<std::string>{"42"}));
  f.set_result(1);
}

CASE("futures.wait.input-order", "the sets iterate in the order of the input") {
  const Fs fs{finished(), Future<int>(), failed(), Future<int>(), notified(), finished()};
  const auto [done, not_done] = futures::wait(fs, {.timeout = 0s});
  EXPECT_EQ(collected(done), (Fs{fs[0], fs[2], fs[4], fs[5]}));
  EXPECT_EQ(collected(not_done), (Fs{fs[1], fs[3]}));
  log(done.size(), not_done.size());
}

CASE("futures.wait.braces", "braces keep the type where it is one") {
  const Future<int> f = finished();
  const Future<std::string> g;
  const auto same = futures::wait({f, f});
  const auto mixed = futures::wait({f, g}, {.timeout = 0s});
  static_assert(std::same_as<std::ranges::range_value_t<decltype(same.done)>, Future<int>>);
  static_assert(std::same_as<std::ranges::range_value_t<decltype(mixed.done)>, AnyFuture>);
  EXPECT_TRUE(mixed.done.contains(f) && !mixed.done.contains(g) && mixed.not_done.contains(g));
  EXPECT_FALSE(same.done.contains(g));
  log(same.done.size(), mixed.done.size());
}

CASE("futures.wait.options-order", "timeout, then return_when; all, for ever, is the default") {
  const auto [timeout, return_when] = futures::WaitOptions{};
  static_assert(std::same_as<decltype(timeout), const Timeout>);
  static_assert(std::same_as<decltype(return_when), const futures::ReturnWhen>);
  log("timeout", timeout.is_forever() ? "None" : "a number");
  log("return_when", return_when == futures::ALL_COMPLETED ? "ALL_COMPLETED" : "another");
}

}  // namespace
}  // namespace tandem::conformance
