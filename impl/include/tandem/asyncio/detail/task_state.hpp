// What all handles on a task share: a future that runs a coroutine.
//
// A task is one node. It stands in the callbacks of the future that it waits for, or in the ready
// queue of its loop, or in neither while it runs: CPython's invariant, and here also why waiting
// and waking need no memory.
//
// Coroutines run by a trampoline: whoever awaits another one names it as the one to go on and
// suspends, and the loop in run_and_handle_result() resumes it; so does whoever ends, with the one
// that awaits it. A stack of coroutines is thus no stack of calls. (g++ makes no tail call of
// symmetric transfer at -O0 and under sanitizers.) The first few levels are called directly, which
// spares a way back and forth. What a coroutine throws is the task's for the moment between its end
// and the one that awaits it.
//
// Programs have a million of them, so they are small: what few tasks have is elsewhere (Rare).
#pragma once
#include <coroutine>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "tandem/asyncio/detail/future_state.hpp"
#include "tandem/core/context_var.hpp"

namespace tandem::inline v1::asyncio::detail {

struct PromiseBase;
struct SleepTimer;

class TANDEM_API TaskState : public FutureState, public Node {
 public:
  // By awaiters, once `resumed` is suspended: it goes on when the future is done, in the next turn
  // of the loop, or after a delay.
  void wait_for(FutureState& future, std::coroutine_handle<> resumed);
  // Of its own loop, in its own frame, and not known to others.
  void wait_for_own(FutureState& future, std::coroutine_handle<> resumed) {
    suspend(resumed);
    future.add_first_callback(static_cast<Node&>(*this));
    waits_for_ = &future;
    if (must_cancel_) [[unlikely]]
      cancel_if_asked_to();
  }
  void yield(std::coroutine_handle<> resumed);
  SleepTimer* sleep(double seconds, std::coroutine_handle<> resumed);
  // Then: throws what was thrown into the task meanwhile.
  void rethrow() {
    if (rare_ && rare_->thrown) [[unlikely]]
      std::rethrow_exception(std::exchange(rare_->thrown, nullptr));
  }

  // Has `awaited` run for `waiting`, which is suspended. False: it has ended already, and `waiting`
  // can go on.
  bool enter(std::coroutine_handle<> awaited, std::coroutine_handle<> waiting) {
    onward_ = awaited;
    if (nested_ == most_nested) return true;
    ++nested_;
    do onward_.resume();
    while (going_ == Going::on && onward_ != waiting);
    --nested_;
    return going_ != Going::on;
  }
  // A coroutine has ended; null: the task's own.
  void leave(std::coroutine_handle<> waiting) noexcept {
    if (waiting)
      onward_ = waiting;
    else
      going_ = Going::ended;
  }
  // By an exception.
  void keep(std::exception_ptr error) { rare().thrown = std::move(error); }

  std::string name() const;
  void set_name(std::string name);
  int cancelling() const noexcept { return static_cast<int>(cancels_requested_); }
  int uncancel() noexcept;
  contextvars::Context context();
  void forget_destroy_pending() noexcept { log_destroy_pending_ = false; }

  // Throws   RuntimeError (it was started before).
  void check_new() const;
  // Puts it into the ready queue for the first time.
  void schedule();
  // Runs it at once, up to where it waits for the first time.
  void start_eagerly();

  // Before it is scheduled.
  void set_context(ContextState* adopted) noexcept { context_ = adopted; }
  void set_number(std::uint64_t number) noexcept {
    number_ = number & ((std::uint64_t{1} << number_bits) - 1);
  }

 protected:
  // Owned by the caller, and by the loop until it is done.
  TaskState(LoopState& loop, std::coroutine_handle<> root, PromiseBase& promise) noexcept;
  ~TaskState() override;
  void report_loss() noexcept override;
  // The coroutine has returned: has the value moved out of its promise.
  virtual void take_value() = 0;
  virtual void destroy_frame() noexcept = 0;
  PromiseBase& promise() const noexcept { return *promise_; }
  // Destroys the frames, if there are any yet. By destructors of derived classes, which know how.
  void end_life() noexcept;

 private:
  friend class FutureState;
  friend class LoopState;
  friend struct SleepTimer;
  class Running;
  static const NodeOps ops_;
  static constexpr std::uint8_t most_nested = 16;
  static constexpr int number_bits = 44;  // enough for weeks of nothing but new tasks

  void run();
  bool can_enter();
  FutureState* end_of_waiting() noexcept;
  bool waits_again_for(FutureState& done);
  void fail_outside(std::exception_ptr error);
  void run_and_handle_result();
  void end();
  void end_by_exception(std::exception_ptr error);
  void throw_later(std::exception_ptr error);
  class Cancelling;
  FutureState* hands_cancel_on_to() const noexcept;
  bool stop_waiting(const std::string& message);
  std::string waits_for_text() const;  // "": it does not wait
  void suspend(std::coroutine_handle<> resumed) noexcept {
    onward_ = resumed;
    going_ = Going::waiting;
  }
  bool cancel_waited_for(const std::string& message);
  bool cancel_next_step(const std::string& message);
  void cancel_if_asked_to();
  void drop_frame() noexcept;

  std::coroutine_handle<> onward_;  // who goes on, now or in the next step
  PromiseBase* promise_;            // the own coroutine's; null once that is gone
  union {
    FutureState* waits_for_ = nullptr;
    SleepTimer* timer_;  // while is_sleeping_
  };
  ContextState* context_ = nullptr;
  TaskState *next_task_ = nullptr, *previous_task_ = nullptr;  // of the loop's
  std::uint64_t number_ : number_bits = 0;
  std::int64_t cancels_requested_ : 64 - number_bits = 0;  // half a million
};

}  // namespace tandem::inline v1::asyncio::detail
