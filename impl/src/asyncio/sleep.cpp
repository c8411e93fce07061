// A sleep is a future and its timer in one: what CPython's call_later(delay, set_result, future)
// is, in the same steps.
#include "tandem/asyncio/sleep.hpp"

#include "asyncio/loop_state.hpp"

namespace tandem::inline v1::asyncio::detail {

namespace {

class SleepState final : public FutureState, public Timer {
 public:
  // One reference is the sleeper's, the other one the heap's.
  static SleepState* make(LoopState& loop) {
    return ::new (allocate_block(sizeof(SleepState))) SleepState(loop);
  }

  void end() noexcept {
    if (!cancelled && scheduled) loop().note_cancelled_timer();
    cancelled = true;
  }

 private:
  static const NodeOps ops;

  explicit SleepState(LoopState& loop) : FutureState(loop, 2), Timer(ops) {}
  void run() {
    const StateHandle owner(this);
    if (cancelled || is_cancelled()) return;
    value_ = this;
    finish();
  }
  void destroy() noexcept override {
    this->~SleepState();
    free_block(this, sizeof(SleepState));
  }
  std::string value_text() const override { return "None"; }
};

const NodeOps SleepState::ops{[](Node& node) { static_cast<SleepState&>(node).run(); },
                              [](Node& node) noexcept { static_cast<SleepState&>(node).drop(); },
                              nullptr,
                              [](const Node&) { return std::string("<TimerHandle sleep()>"); }};

}  // namespace

StateHandle TaskState::sleep(double seconds, std::coroutine_handle<> resumed) {
  LoopState& own = loop();
  SleepState* const sleep = SleepState::make(own);
  const StateHandle sleeper(sleep);
  own.push_at(own.time() + seconds, *sleep);
  wait_for(*sleep, resumed);
  return sleeper;
}

void end_sleep(FutureState& sleep) noexcept { static_cast<SleepState&>(sleep).end(); }

void throw_invalid_delay() { throw ValueError("Invalid delay: NaN (not a number)"); }

Coroutine<> sleep_in_frame(Delay delay) { co_await Coroutine<>(std::move(delay)); }

}  // namespace tandem::inline v1::asyncio::detail
