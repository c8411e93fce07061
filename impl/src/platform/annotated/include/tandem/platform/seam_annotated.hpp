// The seam for Valgrind's DRD, which knows threads and pthreads' locks, but neither atomics nor
// futexes: it is told of each operation what its memory order promises, and no more. So what stands
// behind such a word is checked, and a word that is used too weakly shows by what it leaves
// unordered. To be run with --check-stack-var=yes, so that a word on a stack is forgotten in time.
//
// Outside of Valgrind the annotations do nothing.
#pragma once
#include <valgrind/drd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <type_traits>

namespace tandem::inline v1::seam {

namespace annotated {

enum class Access { load, store, change };

// They have no partner: they only tell what an order promises.
constexpr bool acquires(Access access, std::memory_order order) {
  return access != Access::store && order != std::memory_order_release &&
         order != std::memory_order_relaxed;  // relaxed: told apart only
}
constexpr bool releases(Access access, std::memory_order order) {
  return access != Access::load && order != std::memory_order_acquire &&  // no partner: as above
         order != std::memory_order_relaxed;  // relaxed: told apart only
}

// Runs an operation on an atomic word. The word itself cannot be in a race.
template <class A, class F>
auto operation(Access access, A& word, std::memory_order order, F act) noexcept {
  ANNOTATE_BENIGN_RACE_SIZED(&word, sizeof word, "atomic");
  if (releases(access, order)) ANNOTATE_HAPPENS_BEFORE(&word);
  const auto result = act();
  if (acquires(access, order)) ANNOTATE_HAPPENS_AFTER(&word);
  return result;
}

}  // namespace annotated

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
    return annotated::operation(Access::load, value_, order, [&] { return value_.load(order); });
  }
  void store(T value, std::memory_order order = seq_cst) noexcept {
    annotated::operation(Access::store, value_, order,
                         [&] { return value_.store(value, order), 0; });
  }
  T exchange(T value, std::memory_order order = seq_cst) noexcept {
    return change(order, [&] { return value_.exchange(value, order); });
  }
  // One that fails orders as one that has not failed: that is known too late. What is expected may
  // stand in what the operation gives away, as a node's link to the next one does: it is read
  // before the operation has promised anything.
  bool compare_exchange_strong(T& expected, T value, std::memory_order success,
                               std::memory_order failure) noexcept {
    T found = expected;
    const bool changed = change(
        success, [&] { return value_.compare_exchange_strong(found, value, success, failure); });
    if (!changed) expected = found;
    return changed;
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order = seq_cst) noexcept {
    return compare_exchange_strong(expected, value, order, failing(order));
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order success,
                             std::memory_order failure) noexcept {
    return compare_exchange_strong(expected, value, success, failure);
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order order = seq_cst) noexcept {
    return compare_exchange_strong(expected, value, order);
  }
  T fetch_add(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    return change(order, [&] { return value_.fetch_add(value, order); });
  }
  T fetch_sub(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    return change(order, [&] { return value_.fetch_sub(value, order); });
  }
  T fetch_or(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    return change(order, [&] { return value_.fetch_or(value, order); });
  }
  T fetch_and(T value, std::memory_order order = seq_cst) noexcept requires std::is_integral_v<T> {
    return change(order, [&] { return value_.fetch_and(value, order); });
  }

 private:
  using Access = annotated::Access;
  // What a failure orders where only one order is given: as the standard has it. They have no
  // partner: they are told apart only.
  static constexpr std::memory_order failing(std::memory_order order) noexcept {
    constexpr auto acq_rel = std::memory_order_acq_rel;  // no partner: as above
    constexpr auto acquire = std::memory_order_acquire;  // no partner: as above
    constexpr auto release = std::memory_order_release;  // no partner: as above
    constexpr auto relaxed = std::memory_order_relaxed;  // relaxed: as above
    return order == acq_rel ? acquire : order == release ? relaxed : order;
  }
  template <class F>
  auto change(std::memory_order order, F act) noexcept {
    return annotated::operation(Access::change, value_, order, act);
  }

  std::atomic<T> value_{};
};

template <class T>
using hint = atomic<T>;
using clock = std::chrono::steady_clock;

// Nobody to wait for can run meanwhile: Valgrind runs one thread at a time.
inline void cpu_relax() noexcept {}
constexpr bool is_alone() noexcept { return false; }
constexpr std::uint32_t spins(std::uint32_t) noexcept { return 1; }

template <class T>
constexpr bool thread_word(T&) noexcept {
  return true;
}

}  // namespace tandem::inline v1::seam
