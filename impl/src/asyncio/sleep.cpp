#include "tandem/asyncio/sleep.hpp"

#include "asyncio/loop_state.hpp"
#include "asyncio/sleep_timer.hpp"

namespace tandem::inline v1::asyncio::detail {

const NodeOps SleepTimer::ops{
    [](Node& node) { static_cast<SleepTimer&>(node).run(); },
    [](Node& node) noexcept { static_cast<SleepTimer&>(node).leave_loop(); }, nullptr,
    [](const Node&) { return std::string("_set_result_unless_cancelled()"); }};

SleepTimer* SleepTimer::make(TaskState& task) {
  return ::new (allocate_packed(sizeof(SleepTimer))) SleepTimer(task);
}

void SleepTimer::destroy() noexcept { free_packed(this, sizeof(SleepTimer)); }

void SleepTimer::run() {
  if (!cancelled && !is_over) {
    is_over = true;
    task->loop().push(static_cast<Node&>(*task));
  }
  leave_loop();
}

bool SleepTimer::end() {
  if (is_over) return false;
  is_over = is_ended = true;
  task->loop().push(static_cast<Node&>(*task));
  return true;
}

void SleepTimer::leave_loop() noexcept {
  is_in_loop = false;
  if (!task) destroy();
}

void SleepTimer::leave() noexcept {
  if (!is_in_loop) return destroy();
  if (!cancelled && scheduled) task->loop().note_cancelled_timer();
  cancelled = true;
  task = nullptr;
}

std::string SleepTimer::to_string() const {
  if (is_ended) return "<Future cancelled>";
  return is_over ? "<Future finished result=None>" : "<Future pending cb=[Task.task_wakeup()]>";
}

void end_sleep(SleepTimer& timer) noexcept { timer.leave(); }

void throw_invalid_delay() { throw ValueError("Invalid delay: NaN (not a number)"); }

Coroutine<> sleep_in_frame(Delay delay) { co_await Coroutine<>(std::move(delay)); }

}  // namespace tandem::inline v1::asyncio::detail
