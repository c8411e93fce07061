#include "tandem/multiprocessing/semaphore.hpp"

#include <cerrno>
#include <limits>
#include <new>
#include <utility>

#include "multiprocessing/common.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/platform/seam.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing {

namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();

std::uint32_t checked_value(std::int64_t value) {
  if (value < 0) detail::throw_os_error(EINVAL);
  if (value > largest) throw OverflowError("semaphore value too large");
  return static_cast<std::uint32_t>(value);
}

}  // namespace

struct Semaphore::State {
  // The count, which sleepers park on while it is zero.
  seam::atomic<std::uint32_t> count;
  // Whether somebody may sleep. Who takes it away wakes one; who was woken puts it back, and hands
  // on what is left: others may sleep, and who was woken may be killed.
  seam::atomic<std::uint32_t> sleepers{0};
  const std::uint32_t maximum;
  const bool bounded, for_fork;
  detail::AdaptiveSpin spin;

  State(std::uint32_t value, bool is_bounded, bool fork)
      : count(value),
        maximum(is_bounded ? value : static_cast<std::uint32_t>(largest)),
        bounded(is_bounded),
        for_fork(fork) {}

  bool try_take() noexcept {
    std::uint32_t now = count.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    while (now > 0)
      // seq_cst: of a sleeper's last look and give()'s look for sleepers, one sees the other.
      if (count.compare_exchange_weak(now, now - 1, std::memory_order_seq_cst)) return true;
    return false;
  }

  bool take_slowly(detail::Deadline until) noexcept {
    if (detail::search(spin, [this] { return try_take(); })) return true;
    bool taken = false, in_time = true;
    while (!taken && in_time) {
      sleepers.store(1, std::memory_order_seq_cst);
      in_time = detail::park_shared(count, 0, until);
      taken = try_take();
    }
    sleepers.store(1, std::memory_order_seq_cst);
    if (count.load(std::memory_order_seq_cst) > 0) wake();
    return taken;
  }

  // Returns whether there was room.
  bool give() noexcept {
    std::uint32_t now = count.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    do
      if (now >= maximum) return false;
    while (!count.compare_exchange_weak(now, now + 1, std::memory_order_seq_cst));
    wake();
    return true;
  }

  void wake() noexcept {
    if (sleepers.load(std::memory_order_seq_cst) != 0 &&
        sleepers.exchange(0, std::memory_order_seq_cst) != 0)
      detail::unpark_shared(count, 1);
  }
};

Semaphore::Semaphore(std::int64_t value) : Semaphore(get_context(), value) {}
Semaphore::Semaphore(const Context& context, std::int64_t value)
    : Semaphore(context, value, false) {}
Semaphore::Semaphore(const Context& context, std::int64_t value, bool bounded)
    : Semaphore(detail::SharedBlock::allocate(sizeof(State), alignof(State))) {
  new (block_.data()) State(checked_value(value), bounded, detail::is_for_fork(context));
}
Semaphore::Semaphore(detail::SharedBlock block) noexcept : block_(std::move(block)) {}

Semaphore::State& Semaphore::state() const noexcept { return block_.as<State>(); }

bool Semaphore::acquire(AcquireOptions options) const {
  State& state = this->state();
  if (state.try_take()) return true;
  const auto until = detail::waiting_deadline(options);
  return until && state.take_slowly(*until);
}

void Semaphore::release() const {
  if (!state().give()) throw ValueError("semaphore or lock released too many times");
}

std::int64_t Semaphore::get_value() const noexcept {
  return state().count.load(std::memory_order_relaxed);  // relaxed: an answer, stale at once
}

void Semaphore::pickle(v1::pickle::Output& output) const {
  detail::assert_spawning(output, state().bounded ? "BoundedSemaphore" : "Semaphore",
                          state().for_fork);
  block_.pickle(output);
}
Semaphore Semaphore::unpickle(v1::pickle::Input& input) {
  return Semaphore(detail::SharedBlock::unpickle(input));
}

std::string to_string(const Semaphore& semaphore) {
  const auto& state = semaphore.state();
  const std::string value = "value=" + std::to_string(semaphore.get_value());
  if (!state.bounded) return "<Semaphore(" + value + ")>";
  return "<BoundedSemaphore(" + value + ", maxvalue=" + std::to_string(state.maximum) + ")>";
}

BoundedSemaphore::BoundedSemaphore(std::int64_t value) : BoundedSemaphore(get_context(), value) {}
BoundedSemaphore::BoundedSemaphore(const Context& context, std::int64_t value)
    : Semaphore(context, value, true) {}

BoundedSemaphore BoundedSemaphore::unpickle(v1::pickle::Input& input) {
  return BoundedSemaphore(Semaphore::unpickle(input));
}

}  // namespace tandem::inline v1::multiprocessing
