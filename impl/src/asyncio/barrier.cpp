#include "tandem/asyncio/barrier.hpp"

#include <ostream>

#include "tandem/asyncio/condition.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::asyncio {

namespace {

enum class Phase { filling, draining, resetting, broken };

const char* name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::filling:
      return "filling";
    case Phase::draining:
      return "draining";
    case Phase::resetting:
      return "resetting";
    case Phase::broken:
      break;
  }
  return "broken";
}

}  // namespace

struct Barrier::State {
  explicit State(std::ptrdiff_t parties_) : parties(static_cast<std::size_t>(parties_)) {}

  bool lets_in() const noexcept { return phase != Phase::draining && phase != Phase::resetting; }
  void change(Phase to) {
    phase = to;
    condition.notify_all();
  }

  // The condition, held.
  class Held {
   public:
    explicit Held(State& state) noexcept : condition_(state.condition) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
      if (condition_.locked()) condition_.release();
    }

   private:
    Condition& condition_;
  };

  // A place within the round. Who leaves as the last tells those who wait for that.
  class Place {
   public:
    explicit Place(State& state) noexcept : state_(state), index_(state.count++) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (--state_.count > 0) return;
      if (!state_.lets_in()) state_.phase = Phase::filling;
      // It is free where a frame is dropped, and nobody is to be told.
      if (state_.condition.locked()) state_.condition.notify_all();
    }
    std::size_t index() const noexcept { return index_; }

   private:
    State& state_;
    const std::size_t index_;
  };

  static Coroutine<std::size_t> wait(std::shared_ptr<State> shared);
  static Coroutine<> reset(std::shared_ptr<State> shared);
  static Coroutine<> abort(std::shared_ptr<State> shared);

  Condition condition;  // of any change
  const std::size_t parties;
  Phase phase = Phase::filling;
  std::size_t count = 0;  // inside
};

Coroutine<std::size_t> Barrier::State::wait(std::shared_ptr<State> shared) {
  State& state = *shared;
  co_await state.condition.acquire();
  const Held held(state);
  co_await state.condition.wait_for([&state] { return state.lets_in(); });
  if (state.phase == Phase::broken) throw BrokenBarrierError("Barrier aborted");
  const Place place(state);
  if (place.index() + 1 == state.parties) {
    state.change(Phase::draining);
  } else {
    co_await state.condition.wait_for([&state] { return state.phase != Phase::filling; });
    if (state.phase != Phase::draining) throw BrokenBarrierError("Abort or reset of barrier");
  }
  co_return place.index();
}

Coroutine<> Barrier::State::reset(std::shared_ptr<State> shared) {
  co_await shared->condition.acquire();
  const Held held(*shared);
  shared->change(shared->count > 0 ? Phase::resetting : Phase::filling);
}

Coroutine<> Barrier::State::abort(std::shared_ptr<State> shared) {
  co_await shared->condition.acquire();
  const Held held(*shared);
  shared->change(Phase::broken);
}

namespace {

std::ptrdiff_t checked(std::ptrdiff_t parties) {
  if (parties < 1) throw ValueError("parties must be > 0");
  return parties;
}

}  // namespace

Barrier::Barrier(std::ptrdiff_t parties) : state_(std::make_shared<State>(checked(parties))) {}
Barrier::~Barrier() = default;

Coroutine<std::size_t> Barrier::wait() { return State::wait(state_); }
Coroutine<> Barrier::reset() { return State::reset(state_); }
Coroutine<> Barrier::abort() { return State::abort(state_); }

std::size_t Barrier::parties() const noexcept { return state_->parties; }
std::size_t Barrier::n_waiting() const noexcept {
  return state_->phase == Phase::filling ? state_->count : 0;
}
bool Barrier::broken() const noexcept { return state_->phase == Phase::broken; }

std::string to_string(const Barrier& barrier) {
  std::string state = name_of(barrier.state_->phase);
  if (!barrier.broken())
    state += ", waiters:" + std::to_string(barrier.n_waiting()) + "/" +
             std::to_string(barrier.parties());
  return "<asyncio.locks.Barrier object at " + detail::address_text(&barrier) + " [" + state + "]>";
}
std::ostream& operator<<(std::ostream& out, const Barrier& barrier) {
  return out << to_string(barrier);
}

}  // namespace tandem::inline v1::asyncio
