// The seam over the controlled scheduler: before each operation the scheduler may let another
// thread run. Outside of a run (schedule.hpp) everything is as in the native build.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace tandem::inline v1 {

namespace scheduled {

// Whether the calling thread is one of a run.
extern constinit thread_local bool in_run;

// The scheduler may let another thread go on here, and then lets this one when it likes.
void decide() noexcept;
// The same, by a thread that waits for another in a loop: it lets the others go first.
void decide_in_spin() noexcept;
// Nanoseconds; one passes at each decision.
std::int64_t now() noexcept;
// Each thread of a run has such a word of its own, zero at first.
bool add_thread_word(void* word, std::size_t size) noexcept;

inline void before_operation() noexcept {
  if (in_run) decide();
}

}  // namespace scheduled

namespace seam {

// Sequentially consistent whatever the order asked for: one thread runs at a time.
template <class T>
class atomic {
 public:
  using value_type = T;
  static constexpr auto seq_cst = std::memory_order_seq_cst;

  constexpr atomic() noexcept = default;
  constexpr atomic(T value) noexcept : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(std::memory_order order = seq_cst) const noexcept {
    scheduled::before_operation();
    return value_.load(order);
  }
  void store(T value, std::memory_order order = seq_cst) noexcept {
    scheduled::before_operation();
    value_.store(value, order);
  }
  T exchange(T value, std::memory_order order = seq_cst) noexcept {
    scheduled::before_operation();
    return value_.exchange(value, order);
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order success,
                               std::memory_order failure) noexcept {
    scheduled::before_operation();
    return value_.compare_exchange_strong(expected, value, success, failure);
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order = seq_cst) noexcept {
    scheduled::before_operation();
    return value_.compare_exchange_strong(expected, value, order);
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order success,
                             std::memory_order failure) noexcept {
    return compare_exchange_strong(expected, value, success, failure);
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order order = seq_cst) noexcept {
    return compare_exchange_strong(expected, value, order);
  }
  T fetch_add(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    scheduled::before_operation();
    return value_.fetch_add(value, order);
  }
  T fetch_sub(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    scheduled::before_operation();
    return value_.fetch_sub(value, order);
  }
  T fetch_or(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    scheduled::before_operation();
    return value_.fetch_or(value, order);
  }
  T fetch_and(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    scheduled::before_operation();
    return value_.fetch_and(value, order);
  }

  // For the scheduler itself: no decision.
  T peek() const noexcept { return value_.load(); }

 private:
  std::atomic<T> value_{};
};

// Nothing to decide.
template <class T>
using hint = std::atomic<T>;

// Stands still unless the scheduler moves it. Its points in time are those of the native clock, so
// that users' durations and deadlines fit.
struct clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    return time_point(std::chrono::nanoseconds(scheduled::now()));
  }
};

inline void cpu_relax() noexcept {
  if (scheduled::in_run) scheduled::decide_in_spin();
}

constexpr bool is_alone() noexcept { return false; }

// A longer one would only be more of the same.
constexpr std::uint32_t spins(std::uint32_t) noexcept { return 1; }

template <class T>
bool thread_word(T& word) noexcept {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
  return scheduled::add_thread_word(&word, sizeof word);
}

}  // namespace seam
}  // namespace tandem::inline v1
