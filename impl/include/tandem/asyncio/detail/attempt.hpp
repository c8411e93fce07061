// What the calls of queues, locks, semaphores and events return: a coroutine that needs no frame of
// its own.
//
// Awaited directly it lives in the frame of whoever awaits it, and what can be done at once is done
// without a turn, a wait or an allocation. Where a Coroutine is asked for it becomes one.
//
//   co_await queue.get()        Attempt  -> AttemptAwaiter, and a Waiter in it if it has to wait
//   create_task(queue.get())    Attempt  -> Coroutine, which awaits the same
//
// What is tried is a Try, movable, with
//   Result                what it gives
//   looks_again           whoever was woken asks has_to_wait() once more, and waits on if so
//   bool has_to_wait()    noexcept; asked first
//   Waiters& waiters()    where it waits; its Waiter comes to the end, also when it waits again
//   void bind_to(LoopState&)  in which loop; throws as LoopBinding does
//   void give_up(Waiter&) its task was cancelled or is dropped: hands on what it was woken for;
//                         throws nothing
//   Result is_gone()      what it waited for is gone, and must not be touched
//   Result act(has_waited)  once it has not to wait; throws what is left to be told
#pragma once
#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/waiter.hpp"

namespace tandem::inline v1::asyncio::detail {

// A waiter that may look again when it was woken, as who came between may have been before it.
template <class Try>
class TryingWaiter final : public Waiter {
 public:
  TryingWaiter(Try&& waiting, LoopState& loop)
      : Waiter(waiting.waiters(), loop, Try::looks_again), tried(std::move(waiting)) {}

  Try tried;

 private:
  bool is_in_vain() const noexcept override { return tried.has_to_wait(); }
};

// What is tried stays where it is until it has to wait.
template <class Try>
class AttemptAwaiter {
  using Result = typename Try::Result;

 public:
  explicit AttemptAwaiter(Try& tried) noexcept : tried_(&tried) {}
  AttemptAwaiter(const AttemptAwaiter&) = delete;
  AttemptAwaiter& operator=(const AttemptAwaiter&) = delete;
  ~AttemptAwaiter() {
    if (!waits_) return;
    if (task_ && waiter_.value.leave()) tried_->give_up(waiter_.value);
    std::destroy_at(std::addressof(waiter_.value));
  }

  bool await_ready() const noexcept { return !tried_->has_to_wait(); }
  template <TaskPromise W>
  bool await_suspend(std::coroutine_handle<W> waiting) {
    task_ = waiting.promise().task;
    return wait(waiting);
  }
  Result await_resume() {
    if (!task_) return tried_->act(false);
    task_->rethrow();  // then the destructor gives up
    task_ = nullptr;
    if (!waiter_.value.leave()) return tried_->is_gone();
    return tried_->act(true);
  }

 private:
  // False: it cannot, which await_resume() tells.
  bool wait(std::coroutine_handle<> waiting) {
    try {
      tried_->bind_to(task_->loop());
      std::construct_at(std::addressof(waiter_.value), std::move(*tried_), task_->loop());
    } catch (...) {
      task_->keep(std::current_exception());
      return false;
    }
    waits_ = true;
    tried_ = &waiter_.value.tried;
    task_->wait_for_own(waiter_.value, waiting);
    return true;
  }

  Try* tried_;
  TaskState* task_ = nullptr;  // that has to wait, until it goes on
  bool waits_ = false;
  Room<TryingWaiter<Try>> waiter_;  // while it waits, and until it ends
};

// To be awaited once, or given to whoever takes a Coroutine<T>. As a Coroutine it runs only then,
// and one that dies without is logged. Move-only.
// Threads  one at a time.
// Spec     asyncio.coroutine
template <class Try>
class [[nodiscard("co_await it, or give it to create_task")]] Attempt {
 public:
  using value_type = typename Try::Result;

  explicit Attempt(Try tried) : try_(std::move(tried)) {}
  Attempt(Attempt && other) noexcept(std::is_nothrow_move_constructible_v<Try>)
      : try_(std::move(other.try_)), is_open_(other.take_turn()) {}
  // What a Try holds may have no assignment.
  Attempt& operator=(Attempt&& other) noexcept(std::is_nothrow_move_constructible_v<Try>) {
    if (this == &other) return *this;
    warn();
    close();
    if (other.try_) try_.emplace(std::move(*other.try_));
    is_open_ = other.take_turn();
    return *this;
  }
  ~Attempt() { warn(); }

  // Python's close(): it will not be awaited, and that is no mistake. What it holds is destroyed.
  void close() noexcept {
    is_open_ = false;
    try_.reset();
  }

  // Throws   RuntimeError (moved from: it was awaited already).
  AttemptAwaiter<Try> operator co_await()&& { return AttemptAwaiter<Try>(take()); }
  // Awaiting uses it up; this one only says so.
  template <class T = Try>
  AttemptAwaiter<T> operator co_await()& {
    static_assert(!std::same_as<T, T>,
                  "tandem: an awaitable that has a name is awaited by co_await std::move(name)");
    return AttemptAwaiter<T>(take());
  }
  operator Coroutine<value_type>()&& { return in_frame(std::move(take())); }

 private:
  static Coroutine<value_type> in_frame(Try tried) {
    co_return co_await AttemptAwaiter<Try>(tried);
  }
  bool take_turn() noexcept { return std::exchange(is_open_, false); }
  Try& take() {
    if (!take_turn()) [[unlikely]]
      throw_reused();
    return *try_;
  }
  void warn() const noexcept {
    if (is_open_) [[unlikely]]
      log_never_awaited(typeid(value_type));
  }

  std::optional<Try> try_;  // none: closed
  bool is_open_ = true;     // neither awaited nor given away
};

}  // namespace tandem::inline v1::asyncio::detail
