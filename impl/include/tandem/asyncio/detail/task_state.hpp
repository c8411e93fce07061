// What all handles on a task share: a future that runs a coroutine.
//
// A task is one node. It stands in the callbacks of the future that it waits for, or in the ready
// queue of its loop, or in neither while it runs: CPython's invariant, and here also why waiting
// and waking need no memory.
//
// Coroutines run by a trampoline: whoever awaits another one stores it in `onward` and suspends,
// and the loop in step() resumes it; so does whoever ends, with the one that awaits it. A stack of
// coroutines is thus no stack of calls. (g++ makes no tail call of symmetric transfer at -O0 and
// under sanitizers.) The first few levels are called directly, which spares a way back and forth.
#pragma once
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "tandem/asyncio/detail/future_state.hpp"
#include "tandem/core/context_var.hpp"

namespace tandem::inline v1::asyncio::detail {

struct PromiseBase;

struct Trampoline {
  static constexpr unsigned most_nested = 16;

  std::coroutine_handle<> onward;  // whom to resume when the one that runs has suspended
  unsigned nested = 0;

  // Has `awaited` run for `waiting`, which is suspended. False: it has ended already, and `waiting`
  // can go on.
  bool enter(std::coroutine_handle<> awaited, std::coroutine_handle<> waiting) {
    onward = awaited;
    if (nested == most_nested) return true;
    ++nested;
    do std::exchange(onward, {}).resume();
    while (onward && onward != waiting);
    --nested;
    if (!onward) return true;
    onward = {};
    return false;
  }
};

class TANDEM_API TaskState : public FutureState, public Node, public Trampoline {
 public:
  bool cancel(std::string message) override;

  // By awaiters, once `resumed` is suspended: it goes on when the future is done, or in the next
  // turn of the loop, or after a delay.
  void wait_for(FutureState& future, std::coroutine_handle<> resumed);
  void yield(std::coroutine_handle<> resumed);
  StateHandle sleep(double seconds, std::coroutine_handle<> resumed);
  // Then: throws what was thrown into the task meanwhile.
  void rethrow() {
    if (thrown_) [[unlikely]]
      std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

  std::string name() const;
  void set_name(std::string name);
  int cancelling() const noexcept { return cancels_requested_; }
  int uncancel() noexcept;
  contextvars::Context context();
  FutureState* waits_for() const noexcept { return waits_for_; }
  void forget_destroy_pending() noexcept { log_destroy_pending_ = false; }

  // Puts it into the ready queue for the first time.
  void schedule();
  // Runs it at once, up to where it waits for the first time.
  void start_eagerly();

 protected:
  // Owned by the caller, and by the loop until it is done.
  TaskState(LoopState& loop, std::coroutine_handle<> root, PromiseBase& promise) noexcept;
  ~TaskState() override;
  void report_loss() noexcept override;
  // The coroutine has returned: has the value moved out of its promise.
  virtual void take_value() = 0;
  PromiseBase& promise() const noexcept { return *promise_; }

 private:
  friend class LoopState;
  class Running;
  static const NodeOps ops_;

  void run();
  bool can_enter();
  void run_and_handle_result();
  void end();
  void end_by_exception(std::exception_ptr error);
  void throw_later(std::exception_ptr error);
  void drop_frame() noexcept;

  std::coroutine_handle<> resumed_;  // who goes on in the next step
  std::coroutine_handle<> root_;     // owned; null once it has ended
  PromiseBase* promise_;             // the root's
  FutureState* waits_for_ = nullptr;
  std::exception_ptr thrown_;
  ContextState* context_ = nullptr;
  TaskState *next_task_ = nullptr, *previous_task_ = nullptr;  // of the loop's
  std::unique_ptr<std::string> name_;                          // null: Task-<number>
  std::uint64_t number_ = 0;
  std::int32_t cancels_requested_ = 0;
  bool is_started_ = false;

 public:
  // Before it is scheduled.
  void set_context(ContextState* adopted) noexcept { context_ = adopted; }
  void set_number(std::uint64_t number) noexcept { number_ = number; }
};

}  // namespace tandem::inline v1::asyncio::detail
