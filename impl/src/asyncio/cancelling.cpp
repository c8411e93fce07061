// cancel(), whatever the future is.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asyncio/loop_state.hpp"
#include "asyncio/sleep_timer.hpp"
#include "tandem/asyncio/gather.hpp"

namespace tandem::inline v1::asyncio::detail {

// One call of cancel(). A task hands it on to what it waits for, a gather() to all of its
// arguments, and so on. CPython's calls itself; not so here, as they may be nested to any depth.
class TaskState::Cancelling {
 public:
  explicit Cancelling(std::string message) noexcept : message_(std::move(message)) {}
  Cancelling(const Cancelling&) = delete;
  Cancelling& operator=(const Cancelling&) = delete;
  ~Cancelling() {
    while (!levels_.empty()) leave();  // something was thrown
  }

  bool run(FutureState& first) {
    FutureState* next = &first;
    for (;;) {
      while (next) next = enter(*next);
      if (levels_.empty()) return answer_;
      next = go_on(levels_.back());
    }
  }

 private:
  // One that has handed it on, and waits for the answer: a task or a gather().
  struct Level {
    TaskState* task = nullptr;
    Gathering* gathering = nullptr;
    std::size_t asked = 0;  // of the gather()'s arguments
    bool any = false;       // of those was still to be done
  };

  // These return to whom it is handed on; null: there is an answer.
  FutureState* enter(FutureState& future) {
    if (TaskState* const task = future.as_task()) return enter(*task);
    Gathering* const gathering = future.as_gathering();
    if (!gathering) return answer(future.cancel_future(message_.empty() ? nullptr : &message_));
    levels_.push_back({.gathering = gathering});
    return ask_next(levels_.back());
  }
  FutureState* enter(TaskState& task) {
    task.forget_exception();
    if (task.is_done()) return answer(false);
    if (task.is_being_cancelled_) return answer(task.stop_waiting(message_));
    ++task.cancels_requested_;
    FutureState* const other = task.hands_cancel_on_to();
    if (!other) return answer(task.cancel_waited_for(message_) || task.cancel_next_step(message_));
    if (TaskState* const next = other->as_task(); next && next->is_being_cancelled_)
      return answer(task.stop_waiting(message_));
    levels_.push_back({.task = &task});
    task.is_being_cancelled_ = true;
    return other;
  }
  FutureState* go_on(Level& level) {
    if (level.gathering) {
      level.any = level.any || answer_;
      return ask_next(level);
    }
    TaskState& task = *level.task;
    leave();
    return answer(answer_ || task.cancel_next_step(message_));
  }
  FutureState* ask_next(Level& level) {
    if (FutureState* const next = level.gathering->to_be_cancelled(level.asked++)) return next;
    const bool any = level.any;
    if (any) level.gathering->note_cancelled();
    leave();
    return answer(any);
  }

  std::nullptr_t answer(bool was_to_be_done) noexcept {
    answer_ = was_to_be_done;
    return nullptr;
  }
  void leave() noexcept {
    if (TaskState* const task = levels_.back().task) task->is_being_cancelled_ = false;
    levels_.pop_back();
  }

  const std::string message_;
  std::vector<Level> levels_;
  bool answer_ = false;
};

bool FutureState::cancel(std::string message) {
  return TaskState::Cancelling(std::move(message)).run(*this);
}

// Null: it waits for nothing that would hand it on.
FutureState* TaskState::hands_cancel_on_to() const noexcept {
  if (is_sleeping_ || !waits_for_ || waits_for_->is_done()) return nullptr;
  return waits_for_->is_task() || waits_for_->as_gathering() ? waits_for_ : nullptr;
}

// It waits for itself, by way of others: nobody else could end that.
bool TaskState::stop_waiting(const std::string& message) {
  if (!waits_for_) return true;  // no longer, by the same call of cancel()
  waits_for_->remove_callback(static_cast<Node&>(*this));
  waits_for_ = nullptr;
  throw_later(std::make_exception_ptr(CancelledError(message)));
  return true;
}

bool TaskState::cancel_waited_for(const std::string& message) {
  if (!is_sleeping_) return waits_for_ && waits_for_->cancel(message);
  if (!timer_->end()) return false;
  keep(std::make_exception_ptr(CancelledError(message)));
  return true;
}

// It is scheduled, or it runs.
bool TaskState::cancel_next_step(const std::string& message) {
  must_cancel_ = true;
  set_cancel_message(message.empty() ? nullptr : &message);
  return true;
}

}  // namespace tandem::inline v1::asyncio::detail
