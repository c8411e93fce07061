// What the cases of the queues share.
#pragma once

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "conformance/harness/calls.hpp"
#include "conformance/harness/case.hpp"
#include "tandem/queue.hpp"

namespace tandem::conformance {

/// Threads that are joined at the end of the block.
class Threads {
 public:
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { join(); }

  template <class Body>
  void start(Body body) {
    threads_.emplace_back(std::move(body));
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::vector<std::thread> threads_;
};

/// Asks the same of each kind of queue, always through Queue<T>&.
template <class T = int, class Body>
void each_kind(std::ptrdiff_t maxsize, Body body) {
  const auto ask = [&](const char* name, queue::Queue<T>&& q) {
    log(name);
    body(q);
  };
  ask("Queue", queue::Queue<T>(maxsize));
  ask("LifoQueue", queue::LifoQueue<T>(maxsize));
  ask("PriorityQueue", queue::PriorityQueue<T>(maxsize));
}

/// Takes all that is held.
template <class Q>
auto drain(Q& q) {
  std::vector<decltype(q.get())> taken;
  while (!q.empty()) taken.push_back(q.get());
  return taken;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

/// 0, 1, … count - 1
inline std::vector<int> range(int count) {
  std::vector<int> numbers;
  for (int number = 0; number < count; ++number) numbers.push_back(number);
  return numbers;
}

// Items whose life is watched

using Item = std::shared_ptr<int>;
using Watchers = std::vector<std::weak_ptr<int>>;

template <class Q>
Watchers put_items(Q& q, int count) {
  Watchers watchers;
  for (int number = 0; number < count; ++number) {
    auto item = std::make_shared<int>(number);
    watchers.push_back(item);
    q.put(std::move(item));
  }
  return watchers;
}

inline std::ptrdiff_t alive(const Watchers& watchers) {
  return std::count_if(watchers.begin(), watchers.end(),
                       [](const auto& w) { return !w.expired(); });
}

// Items that make trouble

class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Counts down to one failure, in the thread that set it.
class Fuse {
 public:
  void burn(int steps) { left_ = steps; }
  void step() {
    if (left_ > 0 && --left_ == 0) throw Refused("no");
  }

 private:
  int left_ = 0;
};

/// An item whose copy, move or comparison fails when the fuse of its kind has burnt down in the
/// thread that does it. It fails before it has changed anything.
class Fragile {
 public:
  static inline thread_local Fuse copies_and_moves, moves, comparisons;

  Fragile(int number) : number_(number) {}
  Fragile(const Fragile& other) : number_(other.number_) { copies_and_moves.step(); }
  Fragile(Fragile&& other) noexcept(false) : number_(moved(other)) {}
  Fragile& operator=(const Fragile& other) {
    copies_and_moves.step();
    number_ = other.number_;
    return *this;
  }
  Fragile& operator=(Fragile&& other) noexcept(false) {
    number_ = moved(other);
    return *this;
  }
  ~Fragile() = default;

  int number() const { return number_; }
  friend bool operator<(const Fragile& left, const Fragile& right) {
    comparisons.step();
    return left.number_ < right.number_;
  }

 private:
  static int moved(Fragile& other) {
    moves.step();
    copies_and_moves.step();
    return std::exchange(other.number_, -1);
  }

  int number_;
};

inline std::string to_string(const Fragile& item) { return std::to_string(item.number()); }

/// What is raised by a call whose first copy or move (or comparison, …) fails in this thread.
template <class Act>
std::string failing(Fuse& fuse, Act&& act, int steps = 1) {
  fuse.burn(steps);
  std::string said = raised(act);
  fuse.burn(0);
  return said;
}

/// Lets the first, then the second, … copy or move (or comparison, …) of a call fail, and checks
/// what is left, until the call comes to another end; says to which.
template <class Act, class Check>
std::string fail_each_step(Fuse& fuse, Act&& act, Check&& check) {
  for (int step = 1;; ++step) {
    std::string said = failing(fuse, act, step);
    if (said != "Refused: no") return said;
    SCOPED_TRACE("step " + std::to_string(step));
    check();
  }
}

// Many threads

template <class Q>
void produce(Q& q, int producer, int count) {
  for (int number = 0; number < count; ++number) q.put(producer * count + number);
}

/// What each of `pairs` consumers saw of `count` items from each of as many producers.
template <class Q, class Get>
std::vector<std::vector<int>> pass_through(Q& q, int pairs, int count, Get get) {
  std::vector<std::vector<int>> seen(static_cast<std::size_t>(pairs));
  Threads threads;
  for (int producer = 0; producer < pairs; ++producer) {
    threads.start([&q, producer, count] { produce(q, producer, count); });
    threads.start([&q, &own = seen[static_cast<std::size_t>(producer)], count, get] {
      for (int i = 0; i < count; ++i) own.push_back(get(q));
    });
  }
  threads.join();
  return seen;
}

inline std::vector<int> together(const std::vector<std::vector<int>>& seen) {
  std::vector<int> all;
  for (const std::vector<int>& one : seen) all.insert(all.end(), one.begin(), one.end());
  return sorted(all);
}

/// Whether each consumer saw the items of each producer in the order in which it put them.
inline bool in_order(const std::vector<std::vector<int>>& seen, int count) {
  for (const std::vector<int>& own : seen) {
    std::vector<int> next(seen.size());
    for (const int item : own) {
      int& expected = next[static_cast<std::size_t>(item / count)];
      if (item < expected) return false;
      expected = item + 1;
    }
  }
  return true;
}

/// The clock of the processor time that this thread uses; others may read it while it lives.
inline clockid_t own_cpu_clock() {
  clockid_t clock{};
  EXPECT_EQ(pthread_getcpuclockid(pthread_self(), &clock), 0);
  return clock;
}

inline std::chrono::nanoseconds cpu_time(clockid_t clock) {
  timespec time{};
  EXPECT_EQ(clock_gettime(clock, &time), 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// One thread waits in q.get() while this one waits in the other's: neither uses the processor.
template <class Q>
void wait_in_two(Q& q, Q& other) {
  std::atomic<clockid_t> clock;
  Blocked blocked([&] {
    clock = own_cpu_clock();
    return q.get();
  });
  const auto start = now();
  const auto cpu = cpu_time(clock);
  log(raised([&] { return other.get({.timeout = times::must_expire * 10}); }));
  const auto spent = cpu_time(clock) - cpu;
  log("idle", spent <= (now() - start) / 20);
  q.put(1);
  blocked.join();
}

}  // namespace tandem::conformance
