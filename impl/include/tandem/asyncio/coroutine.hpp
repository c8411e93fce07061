// What `async def` makes: Coroutine<T>.
//
// Decided here, for whoever writes awaitables:
//   * A promise knows its task (PromiseBase::task) from the moment that it runs. An awaiter's
//     await_suspend() takes std::coroutine_handle<P> with P derived from detail::PromiseBase, and
//     calls TaskState::wait_for(), yield() or sleep(); its await_resume() begins with
//     task->rethrow(). Mostly it is simpler to co_await a Future, or to write a Coroutine.
//   * asyncio::sleep(delay) is a Coroutine<> without a frame: awaited directly it allocates no more
//     than its timer. Given to create_task() it becomes an ordinary one.
//   * A coroutine that never suspends touches neither the loop nor thread-local data.
#pragma once
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tandem/asyncio/detail/task_state.hpp"
#include "tandem/core/block_pool.hpp"
#include "tandem/core/result_range.hpp"

namespace tandem::inline v1::asyncio {

template <class T = void>
class Coroutine;

namespace detail {

TANDEM_API void log_never_awaited(const std::type_info& result) noexcept;
[[noreturn]] TANDEM_API void throw_reused();
// Of sleep(): the delay is over, whatever has ended it.
TANDEM_API void end_sleep(FutureState& sleep) noexcept;
[[noreturn]] TANDEM_API void throw_invalid_delay();

struct PromiseBase {
  TaskState* task = nullptr;       // null: never awaited
  std::coroutine_handle<> parent;  // who awaits it; null: the task
  std::exception_ptr error;

  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_block(frame, size); }

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> ended) const noexcept {
      const PromiseBase& promise = ended.promise();
      promise.task->onward = promise.parent;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<element_t<T>> value;

  template <std::convertible_to<T> U = T>
  void return_value(U&& returned) {
    value.emplace(std::forward<U>(returned));
  }
  T take() { return std::move(*value); }
};
template <class T>
struct Promise<T&> : PromiseBase {
  T* value = nullptr;
  void return_value(T& returned) noexcept { value = std::addressof(returned); }
  T& take() const noexcept { return *value; }
};
template <>
struct Promise<void> : PromiseBase {
  void return_void() const noexcept {}
  void take() const noexcept {}
};

// The owner of a frame that has not begun. Move-only.
template <class P>
class Frame {
 public:
  Frame() = default;
  explicit Frame(std::coroutine_handle<P> frame) noexcept : handle_(frame) {}
  Frame(Frame&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Frame& operator=(Frame other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Frame() {
    if (handle_) handle_.destroy();
  }

  std::coroutine_handle<P> get() const noexcept { return handle_; }
  std::coroutine_handle<P> release() noexcept { return std::exchange(handle_, nullptr); }
  P& promise() const noexcept { return handle_.promise(); }

 private:
  std::coroutine_handle<P> handle_;
};

template <class P>
concept TaskPromise = std::derived_from<P, PromiseBase>;

// sleep(delay) as it is, without a frame.
class Delay {
 public:
  Delay() = default;
  explicit Delay(double seconds) noexcept : seconds_(seconds < 0 ? 0 : seconds) {}
  Delay(Delay&& other) noexcept : seconds_(std::exchange(other.seconds_, none)) {}
  Delay& operator=(Delay&& other) noexcept {
    seconds_ = std::exchange(other.seconds_, none);
    return *this;
  }

  bool is_set() const noexcept { return !(seconds_ < 0); }
  double seconds() const noexcept { return seconds_; }

 private:
  static constexpr double none = -1;
  double seconds_ = none;
};
// The same with a frame.
TANDEM_API Coroutine<void> sleep_in_frame(Delay delay);
struct NoDelay {
  constexpr bool is_set() const noexcept { return false; }
};
// Of the result of a coroutine.
template <class T>
using delay_t = std::conditional_t<std::is_void_v<T>, Delay, NoDelay>;

// A sleep that is awaited.
class Sleeping {
 public:
  Sleeping() = default;
  Sleeping(const Sleeping&) = delete;
  Sleeping& operator=(const Sleeping&) = delete;
  ~Sleeping() { end(); }

  void begin(TaskState& task, double seconds, std::coroutine_handle<> waiting) {
    if (seconds > 0)
      timer_ = task.sleep(seconds, waiting);
    else
      task.yield(waiting);
  }
  void end() noexcept {
    if (timer_.get()) end_sleep(*timer_.get());
    timer_ = {};
  }

 private:
  StateHandle timer_;
};
struct NotSleeping {};

template <class T>
class CoroutineAwaiter {
  using P = typename Coroutine<T>::promise_type;

 public:
  CoroutineAwaiter(Frame<P> frame, delay_t<T> delay) noexcept
      : frame_(std::move(frame)), delay_(std::move(delay)) {}

  bool await_ready() const {
    if constexpr (std::is_void_v<T>)
      if (delay_.is_set()) {
        if (delay_.seconds() != delay_.seconds()) throw_invalid_delay();
        return false;
      }
    if (!frame_.get()) throw_reused();
    return false;
  }
  template <TaskPromise W>
  bool await_suspend(std::coroutine_handle<W> waiting) {
    TaskState* const task = waiting.promise().task;
    if constexpr (std::is_void_v<T>)
      if (delay_.is_set()) {
        task_ = task;
        sleeping_.begin(*task, delay_.seconds(), waiting);
        return true;
      }
    frame_.promise().task = task;
    frame_.promise().parent = waiting;
    return task->enter(frame_.get(), waiting);
  }
  T await_resume() {
    if constexpr (std::is_void_v<T>)
      if (task_) {
        sleeping_.end();
        return task_->rethrow();
      }
    P& promise = frame_.promise();
    if (promise.error) [[unlikely]]
      std::rethrow_exception(std::exchange(promise.error, nullptr));
    return promise.take();
  }

 private:
  Frame<P> frame_;
  [[no_unique_address]] delay_t<T> delay_;
  [[no_unique_address]] std::conditional_t<std::is_void_v<T>, TaskState*, NotSleeping> task_{};
  [[no_unique_address]] std::conditional_t<std::is_void_v<T>, Sleeping, NoDelay> sleeping_{};
};

}  // namespace detail

// What a function returns that has co_await or co_return in it: Python's coroutine object. It runs
// only when it is awaited, and once: `co_await say_after(...)`, or std::move of a named one; or
// within a task of its own, given to create_task() and others. One that dies without is logged:
// "coroutine was never awaited". Move-only.
//
// A coroutine's parameters live in its frame, so they are best values: a reference, a string_view
// or a lambda's capture may be gone when it runs. (A reference to what outlives it is fine.)
// Threads  one at a time.
// Spec     asyncio.coroutine
template <class T>
class [[nodiscard("co_await it, or give it to create_task")]] Coroutine {
 public:
  using value_type = T;
  struct promise_type : detail::Promise<T> {
    Coroutine get_return_object() noexcept {
      return Coroutine(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Coroutine(const Coroutine&) = delete;
  Coroutine& operator=(const Coroutine&) = delete;
  Coroutine(Coroutine &&) noexcept = default;
  Coroutine& operator=(Coroutine&& other) noexcept {
    if (this == &other) return *this;
    warn();
    frame_ = std::move(other.frame_);
    delay_ = std::move(other.delay_);
    return *this;
  }
  ~Coroutine() { warn(); }

  // Python's close(): it will not be awaited, and that is no mistake.
  void close() noexcept {
    frame_ = {};
    delay_ = {};
  }

  // The result, or what the coroutine throws. It runs within the task of whoever awaits it.
  // Throws   RuntimeError (moved from: it was awaited already).
  detail::CoroutineAwaiter<T> operator co_await()&& noexcept {
    return detail::CoroutineAwaiter<T>(std::move(frame_), std::move(delay_));
  }
  // The library's own: the frame, for a task. Throws RuntimeError (moved from).
  detail::Frame<promise_type> take_frame()&& {
    if constexpr (std::is_void_v<T>)
      if (delay_.is_set()) return detail::sleep_in_frame(std::move(delay_)).take_frame();
    if (!frame_.get()) detail::throw_reused();
    return std::move(frame_);
  }
  // The library's own: sleep().
  explicit Coroutine(detail::Delay delay) noexcept requires std::is_void_v<T>
      : delay_(std::move(delay)) {}

 private:
  explicit Coroutine(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  void warn() const noexcept {
    if (frame_.get() || delay_.is_set()) [[unlikely]]
      detail::log_never_awaited(typeid(T));
  }

  detail::Frame<promise_type> frame_;
  [[no_unique_address]] detail::delay_t<T> delay_;
};

}  // namespace tandem::inline v1::asyncio
