// The rows that thread pools run. A contender is a class
//
//   class Pool { explicit Pool(std::size_t workers); void post(Task); Handle submit(Task); };
//
// post() drops the result, submit() gives a handle whose get() waits for it. What a pool lacks, it
// is not entered for. The destructor waits for all tasks. A pool that is faster for a thread that
// has entered it has a member within(body).
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "checksum.hpp"
#include "open_loop.hpp"
#include "scenario.hpp"
#include "start_line.hpp"
#include "start_rows.hpp"

namespace bench {

inline constexpr std::uint64_t kTasks = 1'000'000;

// Counts finished tasks, one cache line for each thread that ran any.
class Finish {
 public:
  void arrive(std::uint64_t value) {
    Lane& lane = lanes_[lane_of_this_thread()];
    lane.sum.store(lane.sum.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
    lane.count.store(lane.count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // Waits for `count` arrivals in short sleeps, so as to leave the processors to the workers.
  void wait(std::uint64_t count, std::uint64_t expected) const {
    while (total(&Lane::count) < count) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    check_sum(total(&Lane::sum), expected);
  }

 private:
  struct alignas(64) Lane {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> sum{0};
  };

  static std::size_t lane_of_this_thread() {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t lane = next.fetch_add(1) % kLanes;
    return lane;
  }

  std::uint64_t total(std::atomic<std::uint64_t> Lane::*what) const {
    std::uint64_t sum = 0;
    for (const Lane& lane : lanes_) sum += (lane.*what).load(std::memory_order_acquire);
    return sum;
  }

  // Of the largest pool, and of those that lend it a hand: two in one lane lose each other's
  // counts.
  static constexpr std::size_t kLanes = *std::rbegin(kSteps) + 8;
  std::vector<Lane> lanes_ = std::vector<Lane>(kLanes);
};

inline std::uint64_t sum_below(std::uint64_t count) { return count * (count - 1) / 2; }

template <class Pool, class Body>
void within(Pool& pool, const Body& body) {
  if constexpr (requires { pool.within(body); }) {
    pool.within(body);
  } else {
    body();
  }
}

// Fire and forget from this thread, or from several outside threads.
template <class Pool>
double post_all(Pool& pool, std::size_t producers, std::uint64_t tasks) {
  Finish finish;
  const std::uint64_t share = tasks / producers;
  const auto post_share = [&](std::size_t) {
    within(pool, [&] {
      for (std::uint64_t n = 0; n < share; ++n) pool.post([&finish, n] { finish.arrive(n); });
    });
  };
  const auto expected = sum_below(share) * producers;
  if (producers == 1) {
    const auto start = Clock::now();
    post_share(0);
    finish.wait(tasks, expected);
    return seconds_between(start, Clock::now());
  }
  return race(producers + 1, [&](std::size_t i) {
    if (i < producers) return post_share(i);
    finish.wait(share * producers, expected);
  });
}

template <class Pool>
double submit_all(Pool& pool, std::uint64_t tasks) {
  const auto task = [](std::uint64_t n) { return [n] { return n; }; };
  std::vector<decltype(pool.submit(task(0)))> handles;
  handles.reserve(tasks);
  std::uint64_t sum = 0;
  const auto start = Clock::now();
  within(pool, [&] {
    for (std::uint64_t n = 0; n < tasks; ++n) handles.push_back(pool.submit(task(n)));
    for (auto& handle : handles) sum += handle.get();
  });
  const double seconds = seconds_between(start, Clock::now());
  check_sum(sum, sum_below(tasks));
  return seconds;
}

template <class Pool>
void round_trip(Pool& pool, std::uint64_t n) {
  if (pool.submit([n] { return n; }).get() != n) throw Broken("a wrong result");
}

// Each task says when it was due, and finds out when it runs.
template <class Pool>
double open_posts(Pool& pool, double per_second, std::uint64_t tasks, Histogram& latency) {
  std::vector<std::uint64_t> took(tasks);
  Finish finish;
  const auto start = Clock::now();
  within(pool, [&] {
    std::uint64_t n = 0;
    arrive(start, per_second, tasks, [&](std::uint64_t due) {
      pool.post([&finish, &slot = took[n], n, due, start] {
        const std::uint64_t now = nanoseconds_between(start, Clock::now());
        slot = now > due ? now - due : 0;
        finish.arrive(n);
      });
      ++n;
    });
  });
  finish.wait(tasks, sum_below(tasks));
  const double seconds = seconds_between(start, Clock::now());
  for (const std::uint64_t nanoseconds : took) latency.record(nanoseconds);
  return seconds;
}

template <class Pool>
Measured pool_open_loop(const Plan& plan) {
  Pool pool(2);
  return open_loop(plan, kTasks / 5,
                   [&](double per_second, std::uint64_t tasks, Histogram& latency) {
                     return open_posts(pool, per_second, tasks, latency);
                   });
}

template <class Pool>
void enter_posts(const std::string& impl, Kind kind) {
  const auto enter = [&](const std::string& row, std::size_t workers, std::size_t producers) {
    Registry::instance().add({"thread_pool." + row, impl, kind, [=](const Plan& plan) {
                                Pool pool(workers);
                                return rate(plan, kTasks, producers, [&](std::uint64_t tasks) {
                                  return post_all(pool, producers, tasks);
                                });
                              }});
  };
  for (const std::size_t workers : kSteps)
    enter("forget." + std::to_string(workers) + "w", workers, 1);
  enter("forget.4p2w", 2, 4);
  Registry::instance().add({"thread_pool.open_loop", impl, kind, pool_open_loop<Pool>});
}

// `slowness`: one over the share of the tasks that this contender gets, where it is very slow.
template <class Pool>
void enter_submits(const std::string& impl, Kind kind, std::uint64_t slowness = 1) {
  Registry::instance().add({"thread_pool.submit.2w", impl, kind, [=](const Plan& plan) {
                              Pool pool(2);
                              return rate(plan, kTasks / slowness, 1, [&](std::uint64_t tasks) {
                                return submit_all(pool, tasks);
                              });
                            }});
  Registry::instance().add({"thread_pool.roundtrip.hot", impl, kind, [](const Plan& plan) {
                              Pool pool(2);
                              return latency(plan, 20'000,
                                             [&](std::uint64_t n) { round_trip(pool, n); });
                            }});
  Registry::instance().add(
      {"thread_pool.roundtrip.parked", impl, kind, [](const Plan& plan) {
         Pool pool(2);
         return latency(
             plan, 300, [&](std::uint64_t n) { round_trip(pool, n); },
             [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
       }});
}

// A pool of two that is made for one task, and ended. For those that start their threads then.
template <class Pool>
void enter_pool_start(const std::string& impl, Kind kind) {
  enter_start("thread_pool", impl, kind, kThreadStarts / 2, [] {
    Pool pool(2);
    round_trip(pool, 1);
  });
}

inline constexpr std::int64_t kMapped = 1'000'000;
inline constexpr std::int64_t kChunk = 25'000;

inline std::int64_t tiny(std::int64_t x) { return 3 * x + 1; }

// map_and_sum(inputs): a fresh vector of tiny(x), or what stands for it, summed by iteration.
inline void enter_map(const std::string& impl, Kind kind,
                      const std::function<std::int64_t(const std::vector<std::int64_t>&)>& map) {
  Registry::instance().add({"thread_pool.map", impl, kind, [=](const Plan& plan) {
                              std::vector<std::int64_t> inputs(kMapped);
                              std::int64_t expected = 0;
                              for (std::int64_t i = 0; i < kMapped; ++i) {
                                inputs[static_cast<std::size_t>(i)] = i;
                                expected += tiny(i);
                              }
                              const Plan whole{.scale = 1, .min_time = plan.min_time};
                              return rate(whole, kMapped, kMapped, [&](std::uint64_t) {
                                const auto start = Clock::now();
                                const std::int64_t sum = map(inputs);
                                const double seconds = seconds_between(start, Clock::now());
                                check_sum(static_cast<std::uint64_t>(sum),
                                          static_cast<std::uint64_t>(expected));
                                return seconds;
                              });
                            }});
}

}  // namespace bench
