// The rows that locks run, and what threads meet or wake each other with. Contenders:
//
//   class Lock      { void lock(); void unlock(); };
//   class Turn      { void pass(bool from); };  // waits until it is from's turn, and ends it
//   class Event     { void set(); void wait_and_clear(); };
//   class Semaphore { void acquire(); void release(); };  // none at first
//   class Barrier   { explicit Barrier(std::size_t parties); void wait(); };
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "checksum.hpp"
#include "scenario.hpp"
#include "shares.hpp"
#include "start_line.hpp"

namespace bench {

inline constexpr std::uint64_t kLockings = 1'000'000;
inline constexpr std::uint64_t kRoundTrips = 20'000;
inline constexpr std::uint64_t kRounds = 20'000;

// One thread takes the lock and frees it; `depth` times one within the other.
template <class Lock>
double lock_alone(Lock& lock, std::size_t depth, std::uint64_t items) {
  std::uint64_t count = 0;
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < items; ++n) {
    for (std::size_t i = 0; i < depth; ++i) lock.lock();
    ++count;
    for (std::size_t i = 0; i < depth; ++i) lock.unlock();
  }
  const double seconds = seconds_between(start, Clock::now());
  check_sum(count, items);
  return seconds;
}

template <class Lock>
double lock_contended(Lock& lock, std::size_t threads, std::uint64_t items) {
  const std::uint64_t share = items / threads;
  std::uint64_t count = 0;  // the lock alone guards it
  const double seconds = race(threads, [&](std::size_t) {
    for (std::uint64_t n = 0; n < share; ++n) {
      lock.lock();
      ++count;
      lock.unlock();
    }
  });
  check_sum(count, share * threads);
  return seconds;
}

template <class Lock>
Measured lock_shares(const Plan& plan) {
  Lock lock;
  std::uint64_t count = 0;
  auto counts = until_stopped(plan, 4, [&](std::size_t, const Stop& stop) {
    std::uint64_t mine = 0;
    for (; !stop.load(std::memory_order_relaxed); ++mine) {
      lock.lock();
      ++count;
      lock.unlock();
    }
    return mine;
  });
  check_sum(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}), count);
  return shares(std::move(counts));
}

template <class Lock>
Measured lock_cost(const Plan& plan, std::size_t depth) {
  Lock lock;
  return cost(plan, 5 * kLockings,
              [&](std::uint64_t items) { return lock_alone(lock, depth, items); });
}

template <class Lock>
void enter_lock_alone(const std::string& row, const std::string& impl, Kind kind,
                      std::size_t depth = 1) {
  Registry::instance().add(
      {row, impl, kind, [=](const Plan& plan) { return lock_cost<Lock>(plan, depth); }});
}

template <class Lock>
void enter_lock_uncontended(const std::string& row, const std::string& impl, Kind kind) {
  Registry::instance().add({row, impl, kind, [](const Plan& plan) {
                              const Bystander bystander;
                              return lock_cost<Lock>(plan, 1);
                            }});
}

template <class Lock>
void enter_lock(const std::string& impl, Kind kind) {
  enter_lock_alone<Lock>("lock.alone", impl, kind);
  enter_lock_uncontended<Lock>("lock.uncontended", impl, kind);
  for (const std::size_t threads : kSteps)
    Registry::instance().add(
        {"lock.contended." + std::to_string(threads) + "t", impl, kind, [=](const Plan& plan) {
           Lock lock;
           return rate(plan, kLockings, threads,
                       [&](std::uint64_t items) { return lock_contended(lock, threads, items); });
         }});
  Registry::instance().add({"lock.shares.4t", impl, kind, lock_shares<Lock>});
}

template <class Lock>
void enter_rlock(const std::string& impl, Kind kind) {
  enter_lock_alone<Lock>("rlock.alone", impl, kind);
  enter_lock_uncontended<Lock>("rlock.uncontended", impl, kind);
  enter_lock_alone<Lock>("rlock.nested", impl, kind, 3);
}

// Two threads: serve() makes a round trip, which answer() has its half of. One clock reading each.
template <class Serve, class Answer>
void answer_each_other(std::uint64_t items, Histogram& latency, const Serve& serve,
                       const Answer& answer) {
  race(2, [&](std::size_t i) {
    auto before = Clock::now();
    for (std::uint64_t n = 0; n < items; ++n) {
      if (i != 0) {
        answer();
        continue;
      }
      serve();
      const auto now = Clock::now();
      latency.record(nanoseconds_between(before, now));
      before = now;
    }
  });
}

// What the two do their halves with: a pair has serve() and answer().
template <class Pair>
void enter_ping_pong(const std::string& row, const std::string& impl, Kind kind) {
  Registry::instance().add({row, impl, kind, [](const Plan& plan) {
                              return latency_of(plan, kRoundTrips, [](auto items, auto& latency) {
                                Pair pair;
                                answer_each_other(
                                    items, latency, [&] { pair.serve(); }, [&] { pair.answer(); });
                              });
                            }});
}

template <class Turn>
struct TurnPair {
  Turn turn;
  void serve() { turn.pass(false); }
  void answer() { turn.pass(true); }
};
template <class Turn>
void enter_condition(const std::string& impl, Kind kind) {
  enter_ping_pong<TurnPair<Turn>>("condition.pingpong", impl, kind);
}

template <class Event>
struct EventPair {
  Event there, back;
  void serve() { there.set(), back.wait_and_clear(); }
  void answer() { there.wait_and_clear(), back.set(); }
};
template <class Event>
void enter_event(const std::string& impl, Kind kind) {
  enter_ping_pong<EventPair<Event>>("event.pingpong", impl, kind);
}

template <class Semaphore>
struct SemaphorePair {
  Semaphore there, back;
  void serve() { there.release(), back.acquire(); }
  void answer() { there.acquire(), back.release(); }
};
template <class Semaphore>
void enter_semaphore(const std::string& impl, Kind kind) {
  enter_ping_pong<SemaphorePair<Semaphore>>("semaphore.pingpong", impl, kind);
}

// All threads meet, round after round. The notes of a neighbour show that nobody was left behind.
template <class Barrier>
double meet(std::size_t threads, std::uint64_t rounds) {
  struct alignas(64) Note {
    std::uint64_t round = 0;  // the barrier alone orders it
  };
  std::vector<Note> notes(threads);
  Barrier barrier(threads);
  return race(threads, [&](std::size_t i) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      if (round % 2 != 0)
        notes[i].round = round;
      else if (notes[(i + 1) % threads].round != round - 1)
        throw Broken("a thread was left behind");
      barrier.wait();
    }
  });
}

template <class Barrier>
void enter_barrier(const std::string& impl, Kind kind) {
  for (const std::size_t threads : {2U, 4U, 8U, 16U})
    Registry::instance().add(
        {"barrier." + std::to_string(threads) + "t", impl, kind, [=](const Plan& plan) {
           return rate(plan, kRounds, 1,
                       [=](std::uint64_t rounds) { return meet<Barrier>(threads, rounds); });
         }});
}

}  // namespace bench
