// How tasks wait for a lock, an event or an item: CPython's deque of futures, as a list of futures
// that stand in the frames of those who wait. Nothing is allocated, and where nobody waits nothing
// is to be done.
//
//   Waiters   <->  Waiter  <->  Waiter  <->  Waiter        oldest first; some of them are done,
//   woken of a lock      in frame     in frame     in frame      or cancelled, and have not run yet
//
// What is waited for may go before those who wait for it: main() returns, and run() cancels what is
// left. So whoever goes on asks leave() whether there is anything left to be touched.
#pragma once
#include <coroutine>
#include <cstddef>
#include <string>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/future_state.hpp"

namespace tandem::inline v1::asyncio::detail {

class Waiter;

// The loop in which somebody had to wait first: nobody may wait in another one.
class TANDEM_API LoopBinding {
 public:
  LoopBinding() = default;
  LoopBinding(const LoopBinding&) = delete;
  LoopBinding& operator=(const LoopBinding&) = delete;
  ~LoopBinding() {
    if (loop_) release();
  }

  // The running loop, to wait in.
  //   owner  has the binding; to_string(owner) names it
  // Throws   RuntimeError (another loop than at first, or none).
  template <class Owner>
  LoopState& running(const Owner& owner) {
    if (LoopState* const loop = bind()) [[likely]]
      return *loop;
    throw_other_loop(to_string(owner));
  }
  // The same of a loop that is known to run.
  template <class Owner>
  void bind_to(LoopState& running, const Owner& owner) {
    if (loop_ != &running && !bind(running)) [[unlikely]]
      throw_other_loop(to_string(owner));
  }

 private:
  LoopState* bind();  // null: another loop than at first
  bool bind(LoopState& running) noexcept;
  void release() noexcept;
  [[noreturn]] static void throw_other_loop(const std::string& owner);

  LoopState* loop_ = nullptr;  // kept, so that no other loop has its address
};

// Those who wait, the oldest first.
class TANDEM_API Waiters {
 public:
  Waiters() = default;
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;
  ~Waiters() {
    if (first_ || popped_) abandon();
  }

  bool empty() const noexcept { return !first_; }
  std::size_t size() const noexcept;
  // Somebody has not been cancelled.
  bool any_uncancelled() const noexcept { return first_ && finds_uncancelled(); }

  // Wakes the oldest, if it is not done.
  void wake_first();
  // Wakes the oldest that is not done. False: there is none.
  bool wake_next();
  // Wakes all that are not done.
  void wake_all();
  // Takes them out from the oldest on, up to one that is not done and is woken.
  void pop_next() {
    if (first_) pop_until_woken();
  }
  // Takes all out and wakes them.
  void pop_all();

 private:
  friend class Waiter;
  bool finds_uncancelled() const noexcept;
  void pop_until_woken();
  Waiter& pop() noexcept;
  void abandon() noexcept;

  Waiter *first_ = nullptr, *last_ = nullptr;
  Waiter* popped_ = nullptr;  // taken out, and still to run
};

// One who waits, for as long as it lives: `co_await waiter`, once.
class TANDEM_API Waiter : public FutureState {
 public:
  //   looks_again  is_in_vain() is asked when it was woken
  Waiter(Waiters& waiters, LoopState& loop, bool looks_again = false) noexcept;
  ~Waiter() override { leave(); }

  bool is_woken() const noexcept { return state() == State::finished; }
  // No longer waits. False: what it waited for is gone, and must not be touched.
  bool leave() noexcept {
    if (waiters_) {
      unlink();
      waiters_ = nullptr;
    }
    return !is_alone_;
  }

  bool await_ready() const noexcept { return false; }
  template <TaskPromise W>
  void await_suspend(std::coroutine_handle<W> waiting) {
    task_ = waiting.promise().task;
    task_->wait_for_own(*this, waiting);
  }
  void await_resume() { task_->rethrow(); }

 private:
  friend class Waiters;
  bool wake();
  void link(Waiters& waiters) noexcept;
  void unlink() noexcept;
  bool waits_again() noexcept override;
  // It was woken for something that is not there any more.
  virtual bool is_in_vain() const noexcept { return false; }
  void destroy() noexcept override {}  // it is nobody's but its frame's
  std::string value_text() const override { return "True"; }

  Waiters* waiters_;
  Waiter *next_ = nullptr, *previous_ = nullptr;
  bool is_popped_ = false;
  bool is_alone_ = false;  // they are gone
  TaskState* task_ = nullptr;
};

// "<asyncio.locks.Lock object at 0x7f12ab [locked, waiters:2]>"
TANDEM_API std::string lock_repr(const char* name, const void* lock, std::string state,
                                 const Waiters& waiters);

}  // namespace tandem::inline v1::asyncio::detail
