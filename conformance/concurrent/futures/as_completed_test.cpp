#include <algorithm>
#include <unordered_map>

#include "conformance/concurrent/futures/support.hpp"

namespace tandem::conformance {
namespace {

using Fs = std::vector<Future<int>>;
using Names = std::vector<std::pair<std::string, AnyFuture>>;

// The names of what is yielded, in no order, and what ends it.
template <class Range>
void tell_yielded(Range&& fs, Timeout timeout, const Names& named) {
  std::vector<std::string> seen;
  const std::string end = raised([&] {
    for (const auto& f : futures::as_completed(fs, timeout))
      for (const auto& [name, known] : named)
        if (known == f) seen.push_back(name);
  });
  std::sort(seen.begin(), seen.end());
  log(seen, end);
}

// What iterating to the end raises.
std::string end_of(const Fs& fs, Timeout timeout) {
  return raised([&] { collected(futures::as_completed(fs, timeout)); });
}

CASE("futures.as-completed.all", "yields every future once it is done, whatever its end") {
  ThreadPoolExecutor pool(2);
  const Fs fs{notified(), failed(), finished(), pool.submit(mul, 2, 3), pool.submit(mul, 7, 2)};
  tell_yielded(fs, {}, {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}, {"d", fs[3]}, {"e", fs[4]}});
}

CASE("futures.as-completed.timeout-zero", "yields what is done, then raises") {
  const Fs fs{notified(), failed(), finished(), Future<int>()};
  tell_yielded(fs, 0s, {{"a", fs[0]}, {"b", fs[1]}, {"c", fs[2]}, {"d", fs[3]}});
  log(fs[3].cancelled(), fs[3].done());
}

CASE("futures.as-completed.timeout", "TimeoutError after the timeout, never before") {
  const Fs fs{finished(), Future<int>()};
  const auto start = now();
  tell_yielded(fs, times::must_expire, {{"a", fs[0]}, {"b", fs[1]}});
  log(now() - start >= times::must_expire, fs[1].cancelled(), fs[1].done());
}

CASE("futures.as-completed.timeout-negative", "a negative timeout is as zero") {
  const Fs fs{finished(), Future<int>()};
  tell_yielded(fs, -1s, {{"a", fs[0]}, {"b", fs[1]}});
}

CASE("futures.as-completed.timeout-not-needed", "no TimeoutError when all are done") {
  const Fs fs{finished(), failed()};
  const Names named{{"a", fs[0]}, {"b", fs[1]}};
  tell_yielded(fs, 0s, named);
  tell_yielded(fs, -1s, named);
}

CASE("futures.as-completed.timeout-too-large", "OverflowError, unless all are done") {
  constexpr std::chrono::duration<double> too_large(1e10);
  log(end_of({Future<int>()}, too_large));
  const Future<int> a = finished();
  tell_yielded(Fs{a}, too_large, {{"a", a}});
}

CASE("futures.as-completed.timeout-text", "the text says how many of how many") {
  log(end_of({notified(), Future<int>(), running(), finished()}, 0s));
  log(end_of({Future<int>()}, 0s));
  const Future<int> f;
  log(end_of({f, f, f, finished()}, 0s));
}

CASE("futures.as-completed.duplicates", "a future given several times is yielded once") {
  ThreadPoolExecutor pool(1);
  const Future<int> f = pool.submit(mul, 2, 3);
  auto thrice = std::views::iota(0, 3) | std::views::transform([&](int) { return f; });
  log(collected(futures::as_completed(thrice)).size());
  log(collected(futures::as_completed({f, f})).size());
}

CASE("futures.as-completed.order", "the order of completion, not of the input") {
  const Fs all{Future<int>(), Future<int>(), Future<int>(), Future<int>()};
  const std::vector<int> order{2, 0, 3, 1};
  const auto finish = [&](int n) { all[static_cast<std::size_t>(n)].set_result(n); };
  auto completed = futures::as_completed(all, times::must_not_expire);
  finish(order[0]);
  std::size_t position = 1;
  for (const auto& f : completed) {
    log(f.result());
    if (position < order.size()) finish(order[position++]);
  }
}

CASE("futures.as-completed.finishing-order", "several come in the order in which they ended") {
  const Fs fs{finished(), Future<int>(), Future<int>(), Future<int>()};
  Steps completed(futures::as_completed(fs));
  log(completed.value() == fs[0]);
  for (const std::size_t n : {2U, 3U, 1U}) fs[n].set_result(static_cast<int>(n) - 1);
  std::vector<int> results;
  for (int n = 0; n < 3; ++n) results.push_back(completed.value().result());
  log(results);
}

CASE("futures.as-completed.blocks", "blocks until the next one is done") {
  const Future<int> f;
  std::vector<int> got;
  auto thread = in_thread([&] {
    for (const auto& done : futures::as_completed({f})) got.push_back(done.result());
  });
  wait_until_blocked(1);
  log(got);
  f.set_result(5);
  thread.join();
  log(got);
}

CASE("futures.as-completed.finished-first", "what is done comes before anything is waited for") {
  const Future<int> f = finished();
  const Future<int> g;
  Steps completed(futures::as_completed({g, f}));
  log(completed.value() == f);
  g.set_result(1);
  log(completed.value() == g);
}

CASE("futures.as-completed.cancelled-until-notified", "yielded once the executor has noticed") {
  const Future<int> f = cancelled();
  tell_yielded(Fs{f}, 0s, {{"f", f}});
  std::vector<bool> got;
  auto thread = in_thread([&] {
    for (const auto& done : futures::as_completed({f})) got.push_back(done.cancelled());
  });
  wait_until_blocked(1);
  f.set_running_or_notify_cancel();
  thread.join();
  log(got);
}

CASE("futures.as-completed.empty", "nothing to yield") {
  tell_yielded(Fs{}, {}, {});
  tell_yielded(Fs{}, 0s, {});
}

CASE("futures.as-completed.abandoned", "an iteration left early does not touch the others") {
  const Future<int> f = finished();
  const Future<int> g;
  for (const auto& completed : futures::as_completed({f, g})) {
    log(completed == f);
    break;
  }
  log(g.done(), g.cancelled());
  g.set_result(1);
  tell_yielded(Fs{f, g}, {}, {{"f", f}, {"g", g}});
}

CASE("futures.as-completed.dict", "of a map the keys") {
  const std::unordered_map<Future<int>, std::string> names{{finished(), "f"}, {failed(), "g"}};
  std::vector<std::string> seen;
  for (const auto& completed : futures::as_completed(names)) seen.push_back(names.at(completed));
  std::sort(seen.begin(), seen.end());
  log(seen);
}

CASE("futures.as-completed.mixed-types", "futures of different results together") {
  const Future<int> a = finished();
  const Future<std::string> b;
  b.set_result("text");
  tell_yielded(std::vector<AnyFuture>{a, b}, {}, {{"a", a}, {"b", b}});
}

CASE("futures.as-completed.several-executors", "futures of several executors together") {
  ThreadPoolExecutor one(1);
  ThreadPoolExecutor two(1);
  const Future<int> f = one.submit(mul, 2, 3);
  const Future<int> g = two.submit(mul, 4, 2);
  tell_yielded(Fs{f, g}, {}, {{"f", f}, {"g", g}});
}

CASE("futures.as-completed.releases-yielded", "nothing is kept of a future that was yielded") {
  using Kept = std::shared_ptr<int>;
  std::vector<Future<Kept>> fs{Future<Kept>(), Future<Kept>()};
  std::vector<std::weak_ptr<int>> results;
  for (const auto& f : fs) {
    auto result = std::make_shared<int>(1);
    results.emplace_back(result);
    f.set_result(std::move(result));
  }
  std::vector<std::ptrdiff_t> alive;
  for (auto f : futures::as_completed(std::exchange(fs, {})))
    alive.push_back(std::count_if(results.begin(), results.end(),
                                  [](const auto& result) { return !result.expired(); }));
  EXPECT_EQ(alive, (std::vector<std::ptrdiff_t>{2, 1}));
  log(alive);
}

CASE("futures.as-completed.braces", "braces keep the type where it is one") {
  const Future<int> f = finished();
  const Future<void> g;
  g.set_result();
  for (const auto& completed : futures::as_completed({f})) {
    static_assert(std::same_as<std::remove_cvref_t<decltype(completed)>, Future<int>>);
    log(completed.result());
  }
  int count = 0;
  for (const auto& completed : futures::as_completed({f, g}, 0s)) {
    static_assert(std::same_as<std::remove_cvref_t<decltype(completed)>, AnyFuture>);
    count += completed.done() ? 1 : 0;
  }
  log(count);
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace tandem::conformance
