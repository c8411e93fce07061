// What a sleeping task waits for: CPython's future and its timer call_later(delay, set_result,
// future), in the same steps, in 32 bytes.
#pragma once
#include <string>

#include "tandem/asyncio/detail/task_state.hpp"

namespace tandem::inline v1::asyncio::detail {

struct SleepTimer final : Timer {
  static SleepTimer* make(TaskState& task);

  // The future is done, by cancel(): the task is scheduled. False: it was done already.
  bool end();
  // The task has gone on.
  void leave() noexcept;
  std::string to_string() const;  // the future's

 private:
  static const NodeOps ops;
  explicit SleepTimer(TaskState& sleeper) noexcept : Timer(ops), task(&sleeper) {}
  void run();
  void leave_loop() noexcept;
  void destroy() noexcept;

  bool is_over = false;    // the future is done
  bool is_ended = false;   // by cancel()
  bool is_in_loop = true;  // in the heap or in the ready queue
  TaskState* task;         // null: has gone on
};

}  // namespace tandem::inline v1::asyncio::detail
