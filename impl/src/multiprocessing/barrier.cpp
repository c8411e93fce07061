#include "tandem/multiprocessing/barrier.hpp"

#include <chrono>
#include <new>
#include <optional>
#include <utility>

#include "multiprocessing/common.hpp"
#include "multiprocessing/robust_lock.hpp"
#include "multiprocessing/waiters.hpp"
#include "platform/cpu.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::multiprocessing {

using detail::RobustLock;
using detail::Waiter;
using detail::Waiters;

void detail::BarrierAction::pickle(v1::pickle::Output& output) const {
  if (call_ && !portable_) throw v1::pickle::PicklingError("cannot pickle the action of a barrier");
  output.write_value<unsigned char>(call_ != nullptr);
  if (call_) portable_.pickle(output);
}

detail::BarrierAction detail::BarrierAction::unpickle(v1::pickle::Input& input) {
  BarrierAction action;
  if (input.read_choice(1) == 0) return action;
  action.portable_ = v1::pickle::PortableCall::unpickle(input);
  action.call_ = action.portable_;
  return action;
}

// What is shared, before the waiters themselves. All by who has the lock.
struct Barrier::State {
  const std::uint32_t parties;
  const bool for_fork;
  RobustLock lock;
  std::uint32_t count = 0;  // how many wait in this round
  bool is_broken = false;
  bool acting = false;      // the action runs
  bool completing = false;  // the round is over: all that wait are told so
  // Of a round that is over, all may not have left when the next is full.
  Waiters waiters;

  State(std::uint32_t of, bool fork) noexcept
      : parties(of), for_fork(fork), waiters(places_for(of)) {}
  static std::uint32_t places_for(std::uint32_t parties) noexcept { return 2 * parties + 2; }
  static std::size_t bytes(std::uint32_t parties) noexcept {
    return sizeof(State) - sizeof(Waiters) + Waiters::bytes(places_for(parties));
  }

  void complete() noexcept {
    completing = true;
    waiters.tell_all(Waiter::notified);
    count = 0;
    completing = false;
  }
  void refuse() noexcept {
    waiters.tell_all(Waiter::refused);
    count = 0;
  }
  void break_for_all() noexcept {
    is_broken = true;
    refuse();
  }
  // Whoever had the lock was killed.
  void recover() noexcept {
    if (std::exchange(acting, false)) break_for_all();
    if (completing) complete();
    count = waiters.count_waiting();
  }
};

struct Barrier::Guard {
  State& state;

  explicit Guard(State& of) noexcept : state(of) {
    if (state.lock.lock() == RobustLock::Taken::from_the_dead) state.recover();
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { state.lock.unlock(); }
};

namespace {

std::uint32_t checked_parties(std::int64_t parties) {
  if (parties < 1) throw ValueError("parties must be > 0");
  if (parties > 65536) throw OverflowError("too many parties");
  return static_cast<std::uint32_t>(parties);
}

}  // namespace

Barrier::Barrier(std::int64_t parties, BarrierOptions options)
    : Barrier(get_context(), parties, std::move(options)) {}
Barrier::Barrier(const Context& context, std::int64_t parties, BarrierOptions options)
    : Barrier(detail::SharedBlock::allocate(State::bytes(checked_parties(parties)), alignof(State)),
              std::move(options)) {
  new (block_.data()) State(static_cast<std::uint32_t>(parties), detail::is_for_fork(context));
}
Barrier::Barrier(detail::SharedBlock block, BarrierOptions options)
    : block_(std::move(block)),
      options_(std::make_shared<const BarrierOptions>(std::move(options))) {}

Barrier::State& Barrier::state() const noexcept { return block_.as<State>(); }

std::size_t Barrier::wait(Timeout timeout) const {
  State& state = this->state();
  if (timeout.is_forever()) timeout = options_->timeout;
  std::uint32_t index = 0;
  Waiter* self = nullptr;
  std::optional<detail::Deadline> until;
  while (!self) {
    const Guard guard(state);
    if (state.is_broken) throw BrokenBarrierError();
    index = state.count;
    if (index + 1 == state.parties) return act(), state.complete(), index;
    until = detail::waiting_deadline({.timeout = timeout});
    if ((self = state.waiters.come()))
      ++state.count;
    else
      platform::yield();  // to those who are about to leave
  }
  const std::uint32_t told = self->wait(
      state.waiters.spin, until.value_or(detail::Deadline::after(std::chrono::seconds(0))));
  if (told == Waiter::waiting) {
    const Guard guard(state);
    if (self->is_waiting()) state.break_for_all();
  }
  const bool refused = !self->was_notified();
  self->leave();
  if (refused) throw BrokenBarrierError();
  return index;
}

// With the lock: as in Python, nobody comes or goes meanwhile.
void Barrier::act() const {
  if (!options_->action) return;
  State& state = this->state();
  state.acting = true;
  try {
    options_->action();
  } catch (...) {
    state.acting = false;
    state.break_for_all();
    throw;
  }
  state.acting = false;
}

void Barrier::reset() const {
  const Guard guard(state());
  state().is_broken = false;
  state().refuse();
}

void Barrier::abort() const {
  const Guard guard(state());
  state().break_for_all();
}

std::size_t Barrier::parties() const noexcept { return state().parties; }
std::size_t Barrier::n_waiting() const {
  const Guard guard(state());
  return state().count;
}
bool Barrier::broken() const {
  const Guard guard(state());
  return state().is_broken;
}

void Barrier::pickle(v1::pickle::Output& output) const {
  detail::assert_spawning(output, "Condition", state().for_fork);  // Python's has one
  options_->action.pickle(output);
  output.write_value(options_->timeout);
  block_.pickle(output);
}
Barrier Barrier::unpickle(v1::pickle::Input& input) {
  BarrierOptions options{.action = detail::BarrierAction::unpickle(input)};
  options.timeout = input.read_value<Timeout>();
  return Barrier(detail::SharedBlock::unpickle(input), std::move(options));
}

std::string to_string(const Barrier& barrier) {
  const std::string what = barrier.broken() ? "broken"
                                            : "waiters=" + std::to_string(barrier.n_waiting()) +
                                                  "/" + std::to_string(barrier.parties());
  return "<multiprocessing.synchronize.Barrier at " + detail::address_text(&barrier.state()) +
         ": " + what + ">";
}

}  // namespace tandem::inline v1::multiprocessing
