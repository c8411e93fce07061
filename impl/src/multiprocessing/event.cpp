#include "tandem/multiprocessing/event.hpp"

#include <climits>
#include <cstdint>
#include <new>
#include <utility>

#include "multiprocessing/common.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/platform/seam.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing {

namespace {

// bit 0: the flag | bit 1: somebody may sleep (only while the flag is down)
// bits 2-31: how often the flag has been put down, so that a waiter sees that it was up between
constexpr std::uint32_t flag = 1, sleepers = 2, round = 4;

bool lets_through(std::uint32_t now, std::uint32_t seen) noexcept {
  return (now & flag) != 0 || (now & ~sleepers) != (seen & ~sleepers);
}

}  // namespace

struct Event::State {
  seam::atomic<std::uint32_t> word{0};
  const bool for_fork;
  detail::AdaptiveSpin spin;

  explicit State(bool fork) : for_fork(fork) {}
};

Event::Event() : Event(get_context()) {}
Event::Event(const Context& context)
    : Event(detail::SharedBlock::allocate(sizeof(State), alignof(State))) {
  new (block_.data()) State(detail::is_for_fork(context));
}
Event::Event(detail::SharedBlock block) noexcept : block_(std::move(block)) {}

Event::State& Event::state() const noexcept { return block_.as<State>(); }

bool Event::is_set() const noexcept {
  return (state().word.load(std::memory_order_seq_cst) & flag) != 0;
}

void Event::set() const noexcept {
  auto& word = state().word;
  std::uint32_t now = word.load(std::memory_order_seq_cst);
  while (!(now & flag) &&
         !word.compare_exchange_weak(now, (now & ~sleepers) | flag, std::memory_order_seq_cst)) {
  }
  if (now & sleepers) detail::unpark_shared(word, UINT_MAX);
}

void Event::clear() const noexcept {
  auto& word = state().word;
  std::uint32_t now = word.load(std::memory_order_seq_cst);
  while ((now & flag) &&
         !word.compare_exchange_weak(now, (now & ~flag) + round, std::memory_order_seq_cst)) {
  }
}

bool Event::wait(Timeout timeout) const {
  State& state = this->state();
  const std::uint32_t seen = state.word.load(std::memory_order_seq_cst);
  if (seen & flag) return true;
  const auto until = detail::waiting_deadline({.timeout = timeout});
  std::uint32_t now = seen;
  const auto ready = [&] {
    now = state.word.load(std::memory_order_seq_cst);
    return lets_through(now, seen);
  };
  if (!until) return ready();
  if (detail::search(state.spin, ready)) return true;
  while (!ready()) {
    // relaxed: only tells set() that there is somebody to wake
    if (!(now & sleepers) &&
        !state.word.compare_exchange_strong(now, now | sleepers, std::memory_order_relaxed))
      continue;
    if (!detail::park_shared(state.word, now | sleepers, *until)) return ready();
  }
  return true;
}

void Event::pickle(v1::pickle::Output& output) const {
  // Python's text names the first part that is pickled.
  detail::assert_spawning(output, "Condition", state().for_fork);
  block_.pickle(output);
}
Event Event::unpickle(v1::pickle::Input& input) {
  return Event(detail::SharedBlock::unpickle(input));
}

std::string to_string(const Event& event) {
  return "<Event at " + detail::address_text(&event.state()) +
         (event.is_set() ? " set>" : " unset>");
}

}  // namespace tandem::inline v1::multiprocessing
