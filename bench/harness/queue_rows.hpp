// The rows that queues run. A contender is a class template
//
//   template <class T> class Queue { explicit Queue(std::size_t capacity); void put(T); T get(); };
//
// where a capacity of 0 is none and get() waits. A queue with tokens has member classes Producer
// (put) and Consumer (get), made from the queue by the thread that uses them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "checksum.hpp"
#include "open_loop.hpp"
#include "scenario.hpp"
#include "shares.hpp"
#include "start_line.hpp"

namespace bench {

inline constexpr std::size_t kBound = 1024;
inline constexpr std::uint64_t kItems = 1'000'000;

template <class Queue>
decltype(auto) producer_of(Queue& queue) {
  if constexpr (requires { typename Queue::Producer; }) {
    return typename Queue::Producer(queue);
  } else {
    return (queue);
  }
}

template <class Queue>
decltype(auto) consumer_of(Queue& queue) {
  if constexpr (requires { typename Queue::Consumer; }) {
    return typename Queue::Consumer(queue);
  } else {
    return (queue);
  }
}

struct Flow {
  std::size_t producers = 1;
  std::size_t consumers = 1;
  std::size_t threads() const { return producers + consumers; }
  std::size_t grain() const { return producers * consumers; }  // what all can share evenly
  std::string name() const {
    return std::to_string(producers) + "p" + std::to_string(consumers) + "c";
  }
};

// Each producer and each consumer has its share of the items.
template <class T, class Queue>
double flow(Queue& queue, const Flow& ends, std::uint64_t items) {
  const std::uint64_t share = items / ends.producers;
  std::vector<Tally> tallies(ends.consumers);
  const double seconds = race(ends.threads(), [&](std::size_t i) {
    if (i < ends.producers) {
      decltype(auto) end = producer_of(queue);
      for (std::uint64_t n = 0; n < share; ++n) {
        end.put(Item<T>::make(Stamp{.producer = i, .sequence = n}.packed()));
      }
    } else {
      decltype(auto) end = consumer_of(queue);
      Tally tally;
      for (std::uint64_t n = 0; n < items / ends.consumers; ++n)
        tally.see(Item<T>::read(end.get()));
      tallies[i - ends.producers] = tally;
    }
  });
  check(tallies, expected_sum(ends.producers, share));
  return seconds;
}

// The order of priorities can't be checked while it runs: that is done before, at rest.
template <class Queue>
void check_priorities(Queue& queue) {
  constexpr std::int64_t kCount = 1000;
  for (std::int64_t i = 0; i < kCount; ++i) queue.put(i * 7919 % kCount);
  for (std::int64_t i = 0; i < kCount; ++i) {
    if (queue.get() != i) throw Broken("priorities came out of order");
  }
}

inline std::int64_t shuffled(std::uint64_t n) {
  return static_cast<std::int64_t>((n * 0x9E3779B97F4A7C15U) >> 32);
}

template <class Queue>
double priority_flow(Queue& queue, std::size_t pairs, std::uint64_t items) {
  const std::uint64_t share = items / pairs;
  std::vector<std::uint64_t> sums(2 * pairs);
  const double seconds = race(2 * pairs, [&](std::size_t i) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < share; ++n) {
      const std::int64_t item = i < pairs ? shuffled(i * share + n) : queue.get();
      if (i < pairs) queue.put(item);
      sum += static_cast<std::uint64_t>(item);
    }
    sums[i] = sum;
  });
  std::uint64_t put = 0;
  std::uint64_t got = 0;
  for (std::size_t i = 0; i < pairs; ++i) put += sums[i], got += sums[pairs + i];
  check_sum(got, put);
  return seconds;
}

// Two threads answer each other over two queues. One clock reading is in each round trip.
template <class Queue>
void ping_pong(std::uint64_t items, Histogram& latency) {
  Queue there(kBound);
  Queue back(kBound);
  race(2, [&](std::size_t i) {
    decltype(auto) out = producer_of(i == 0 ? there : back);
    decltype(auto) in = consumer_of(i == 0 ? back : there);
    auto before = Clock::now();
    for (std::uint64_t n = 0; n < items; ++n) {
      const auto ball = static_cast<std::int64_t>(n);
      if (i == 0) out.put(ball);
      if (in.get() != ball) throw Broken("a ball was lost");
      if (i != 0) {
        out.put(ball);
        continue;
      }
      const auto now = Clock::now();
      latency.record(nanoseconds_between(before, now));
      before = now;
    }
  });
}

template <class Queue>
double alone(Queue& queue, std::uint64_t items) {
  decltype(auto) out = producer_of(queue);
  decltype(auto) in = consumer_of(queue);
  std::uint64_t sum = 0;
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < items; ++n) {
    out.put(static_cast<std::int64_t>(n));
    sum += static_cast<std::uint64_t>(in.get());
  }
  const double seconds = seconds_between(start, Clock::now());
  check_sum(sum, expected_sum(1, items));
  return seconds;
}

// The queue outlives the passes: what it keeps for later is its own affair.
template <class T, class Queue>
void enter_flow(const std::string& row, const std::string& impl, Kind kind, const Flow& ends,
                std::size_t capacity) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              Queue queue(capacity);
                              return rate(plan, kItems, ends.grain(), [&](std::uint64_t items) {
                                return flow<T>(queue, ends, items);
                              });
                            }});
}

template <class Queue>
void enter_ints(const std::string& family, const std::string& impl, Kind kind,
                std::size_t capacity) {
  for (const Flow& ends : {Flow{1, 1}, Flow{2, 2}, Flow{4, 4}})
    enter_flow<std::int64_t, Queue>(family + ".int." + ends.name(), impl, kind, ends, capacity);
}

// The others of the sweep and of the grid, for those that could take our place.
template <class Queue>
void enter_more_ints(const std::string& family, const std::string& impl, Kind kind,
                     std::size_t capacity) {
  const auto enter = [&](const Flow& ends) {
    enter_flow<std::int64_t, Queue>(family + ".int." + ends.name(), impl, kind, ends, capacity);
  };
  for (const std::size_t pairs : kSteps) {
    if (pairs != 1 && pairs != 2 && pairs != 4) enter({pairs, pairs});
  }
  for (const std::size_t producers : kSteps) {
    for (const std::size_t consumers : kSteps) {
      if (producers != consumers && std::has_single_bit(producers) &&
          std::has_single_bit(consumers))
        enter({producers, consumers});
    }
  }
}

template <template <class> class Queue>
void enter_objects(const std::string& family, const std::string& impl, Kind kind,
                   std::size_t capacity) {
  using Text = std::string;
  using Owner = std::unique_ptr<std::int64_t>;
  for (const Flow& ends : {Flow{1, 1}, Flow{2, 2}}) {
    enter_flow<Text, Queue<Text>>(family + ".str." + ends.name(), impl, kind, ends, capacity);
    enter_flow<Owner, Queue<Owner>>(family + ".ptr." + ends.name(), impl, kind, ends, capacity);
  }
}

// Items say when they were due.
template <class Queue>
double open_flow(Queue& queue, double per_second, std::uint64_t items, Histogram& latency) {
  std::uint64_t put = 0;
  std::uint64_t got = 0;
  Clock::time_point start;  // the producer's; the first item brings it across
  const double seconds = race(2, [&](std::size_t i) {
    if (i == 0) {
      decltype(auto) end = producer_of(queue);
      start = Clock::now();
      arrive(start, per_second, items, [&](std::uint64_t due) {
        end.put(static_cast<std::int64_t>(due));
        put += due;
      });
      return;
    }
    decltype(auto) end = consumer_of(queue);
    for (std::uint64_t n = 0; n < items; ++n) {
      const auto due = static_cast<std::uint64_t>(end.get());
      const std::uint64_t now = nanoseconds_between(start, Clock::now());
      latency.record(now > due ? now - due : 0);
      got += due;
    }
  });
  check_sum(got, put);
  return seconds;
}

template <class Queue>
void enter_open_loop(const std::string& family, const std::string& impl, Kind kind) {
  Registry::instance().add({family + ".open_loop", impl, kind, [](const Plan& plan) {
                              Queue queue(kBound);
                              return open_loop(
                                  plan, kItems / 5,
                                  [&](double per_second, std::uint64_t items, Histogram& latency) {
                                    return open_flow(queue, per_second, items, latency);
                                  });
                            }});
}

inline constexpr std::int64_t kEnd = std::int64_t{1} << 62;

// One producer or one consumer, so that a queue which orders only what one producer puts has its
// ends last: each producer puts one for each consumer, and each consumer waits for as many as there
// are producers.
template <class Queue>
Measured flow_shares(const Plan& plan, const Flow& ends) {
  Queue queue(kBound);
  std::vector<std::uint64_t> sums(ends.threads());
  auto counts = until_stopped(plan, ends.threads(), [&](std::size_t i, const Stop& stop) {
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
    if (i < ends.producers) {
      decltype(auto) end = producer_of(queue);
      for (; !stop.load(std::memory_order_relaxed); sum += count++)
        end.put(static_cast<std::int64_t>(count));
      for (std::size_t n = 0; n < ends.consumers; ++n) end.put(kEnd);
    } else {
      decltype(auto) end = consumer_of(queue);
      for (std::size_t left = ends.producers; left != 0;) {
        const std::int64_t item = end.get();
        if (item == kEnd) {
          --left;
          continue;
        }
        sum += static_cast<std::uint64_t>(item);
        ++count;
      }
    }
    sums[i] = sum;
    return count;
  });
  const auto middle = static_cast<std::ptrdiff_t>(ends.producers);
  check_sum(std::accumulate(sums.begin() + middle, sums.end(), std::uint64_t{0}),
            std::accumulate(sums.begin(), sums.begin() + middle, std::uint64_t{0}));
  if (ends.producers == 1) return shares({counts.begin() + middle, counts.end()});
  return shares({counts.begin(), counts.begin() + middle});
}

template <class Queue>
void enter_shares(const std::string& family, const std::string& impl, Kind kind) {
  for (const Flow& ends : {Flow{1, 4}, Flow{4, 1}})
    Registry::instance().add({family + ".shares." + ends.name(), impl, kind,
                              [=](const Plan& plan) { return flow_shares<Queue>(plan, ends); }});
}

// One thread at work, or two that wait for each other.
template <class Queue>
void enter_quick(const std::string& family, const std::string& impl, Kind kind) {
  Registry::instance().add({family + ".pingpong", impl, kind, [](const Plan& plan) {
                              return latency_of(plan, kItems / 50, ping_pong<Queue>);
                            }});
  Registry::instance().add({family + ".alone", impl, kind, [](const Plan& plan) {
                              Queue queue(kBound);
                              return cost(plan, kItems,
                                          [&](std::uint64_t items) { return alone(queue, items); });
                            }});
}

template <class Queue>
void enter_priorities(const std::string& impl, Kind kind) {
  for (const std::size_t pairs : {std::size_t{1}, std::size_t{2}}) {
    const std::string flow = std::to_string(pairs) + "p" + std::to_string(pairs) + "c";
    Registry::instance().add({"priority_queue.int." + flow, impl, kind, [=](const Plan& plan) {
                                Queue queue(0);
                                check_priorities(queue);
                                return rate(plan, kItems / 2, pairs, [&](std::uint64_t items) {
                                  return priority_flow(queue, pairs, items);
                                });
                              }});
  }
}

// Where a contender stands: a bounded queue against Queue(maxsize=1024), one without a bound
// against both Queue() and SimpleQueue().
template <template <class> class Queue>
void enter_bounded(const std::string& impl, Kind kind) {
  using Ints = Queue<std::int64_t>;
  enter_ints<Ints>("queue.bounded", impl, kind, kBound);
  enter_more_ints<Ints>("queue.bounded", impl, kind, kBound);
  enter_objects<Queue>("queue.bounded", impl, kind, kBound);
  enter_quick<Ints>("queue", impl, kind);
  enter_open_loop<Ints>("queue", impl, kind);
  enter_shares<Ints>("queue", impl, kind);
}

template <template <class> class Queue>
void enter_unbounded(const std::string& impl, Kind kind) {
  using Ints = Queue<std::int64_t>;
  enter_ints<Ints>("queue.unbounded", impl, kind, 0);
  enter_ints<Ints>("simple_queue", impl, kind, 0);
  enter_objects<Queue>("simple_queue", impl, kind, 0);
  enter_quick<Ints>("simple_queue", impl, kind);
}

// Spinning ones hold plain numbers only.
template <class Queue>
void enter_limit(const std::string& impl, bool bounded) {
  if (bounded) {
    enter_ints<Queue>("queue.bounded", impl, Kind::limit, kBound);
    enter_quick<Queue>("queue", impl, Kind::limit);
  } else {
    enter_ints<Queue>("simple_queue", impl, Kind::limit, 0);
  }
}

}  // namespace bench
