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
//   * Once it is awaited, a coroutine's frame is the task's: destroyed when its result is taken, or
//     with the task, which begins with the innermost one. So no nest is too deep to be dropped.
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
TANDEM_API void end_sleep(SleepTimer& timer) noexcept;
[[noreturn]] TANDEM_API void throw_invalid_delay();

struct PromiseBase {
  TaskState* task = nullptr;       // that it runs in
  std::coroutine_handle<> parent;  // who awaits it; null: the task

  static void* operator new(std::size_t size) { return allocate_packed(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_packed(frame, size); }

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> ended) const noexcept {
      const PromiseBase& promise = ended.promise();
      promise.task->leave(promise.parent);
    }
    void await_resume() const noexcept {}
  };
  // Of any coroutine: all promises begin with this one, and stand at the same place.
  static constexpr std::size_t most_aligned = 2 * sizeof(void*);
  static PromiseBase& of(std::coroutine_handle<> frame) noexcept {
    return std::coroutine_handle<PromiseBase>::from_address(frame.address()).promise();
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { task->keep(std::current_exception()); }
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
  void clear() noexcept { seconds_ = none; }
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

template <class T>
class CoroutineAwaiter {
  using P = typename Coroutine<T>::promise_type;

 public:
  explicit CoroutineAwaiter(Coroutine<T>& coro) noexcept : coro_(&coro) {}

  bool await_ready() const {
    check_unused(*coro_);
    return false;
  }
  template <TaskPromise W>
  bool await_suspend(std::coroutine_handle<W> waiting) {
    const std::coroutine_handle<P> frame = coro_->frame_.release();
    frame_ = frame.address();
    return begin(frame, waiting);
  }
  T await_resume() { return end(frame_); }

  static void check_unused(const Coroutine<T>& coro) {
    if (!coro.frame_.get()) throw_reused();
  }
  // From here to the end the frame is the task's.
  template <TaskPromise W>
  static bool begin(std::coroutine_handle<P> frame, std::coroutine_handle<W> waiting) {
    P& promise = frame.promise();
    promise.task = waiting.promise().task;
    promise.parent = waiting;
    return promise.task->enter(frame, waiting);
  }
  static T end(void* ended) {
    const Frame<P> frame(std::coroutine_handle<P>::from_address(ended));
    P& promise = frame.promise();
    promise.task->rethrow();
    return promise.take();
  }

 private:
  union {
    Coroutine<T>* coro_;  // before
    void* frame_;         // then
  };
};

// Of a coroutine without a result, or of sleep().
class VoidAwaiter {
 public:
  explicit VoidAwaiter(Coroutine<void>& coro) noexcept : coro_(&coro) {}
  VoidAwaiter(const VoidAwaiter&) = delete;
  VoidAwaiter& operator=(const VoidAwaiter&) = delete;
  ~VoidAwaiter() { end(); }

  bool await_ready() const;
  template <TaskPromise W>
  bool await_suspend(std::coroutine_handle<W> waiting);
  void await_resume();

 private:
  void end() noexcept {
    if (task_ && timer_) end_sleep(*std::exchange(timer_, nullptr));
  }

  TaskState* task_ = nullptr;  // that sleeps
  union {
    Coroutine<void>* coro_;  // before
    void* frame_;            // then, of a coroutine
    SleepTimer* timer_;      // of a sleep; null: of no time
  };
};

template <class T>
using awaiter_t = std::conditional_t<std::is_void_v<T>, VoidAwaiter, CoroutineAwaiter<T>>;

}  // namespace detail

// What a function returns that has co_await or co_return in it: Python's coroutine object. It runs
// only when it is awaited, and once: `co_await say_after(...)`, or std::move of a named one; or
// within a task of its own, given to create_task() and others. One that dies without is logged:
// "coroutine was never awaited". Move-only.
//
// A coroutine's parameters live in its frame, so they are best values: a reference, a string_view
// or a lambda's capture may be gone when it runs. (A reference to what outlives it is fine.)
// Parameters and locals are aligned to 16 bytes at most, whatever their types ask for: g++ gives a
// frame no more. Hold what needs more by a pointer.
// Threads  one at a time.
// Spec     asyncio.coroutine
template <class T>
class [[nodiscard("co_await it, or give it to create_task")]] Coroutine {
 public:
  using value_type = T;
  struct promise_type : detail::Promise<T> {
    Coroutine get_return_object() noexcept {
      static_assert(alignof(promise_type) <= detail::PromiseBase::most_aligned,
                    "tandem: over-aligned results are not supported; use a pointer");
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
  detail::awaiter_t<T> operator co_await()&& noexcept { return detail::awaiter_t<T>(*this); }
  // Awaiting uses it up; this one only says so. (What merely looks takes a named one for awaitable.)
  template <class U = T>
  detail::awaiter_t<U> operator co_await()& noexcept {
    static_assert(!std::same_as<U, U>,
                  "tandem: a coroutine that has a name is awaited by co_await std::move(name)");
    return detail::awaiter_t<U>(*this);
  }
  // The library's own: the frame, for a task. Throws RuntimeError (moved from).
  detail::Frame<promise_type> take_frame()&& {
    if constexpr (std::is_void_v<T>)
      if (delay_.is_set()) return detail::sleep_in_frame(std::move(delay_)).take_frame();
    detail::CoroutineAwaiter<T>::check_unused(*this);
    return std::move(frame_);
  }
  // The library's own: sleep().
  explicit Coroutine(detail::Delay delay) noexcept requires std::is_void_v<T>
      : delay_(std::move(delay)) {}

 private:
  explicit Coroutine(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  friend class detail::CoroutineAwaiter<T>;
  friend class detail::VoidAwaiter;
  void warn() const noexcept {
    if (frame_.get() || delay_.is_set()) [[unlikely]]
      detail::log_never_awaited(typeid(T));
  }

  detail::Frame<promise_type> frame_;
  [[no_unique_address]] detail::delay_t<T> delay_;
};

namespace detail {

inline bool VoidAwaiter::await_ready() const {
  if (!coro_->delay_.is_set()) {
    CoroutineAwaiter<void>::check_unused(*coro_);
  } else if (coro_->delay_.seconds() != coro_->delay_.seconds()) {
    coro_->close();  // it was awaited, though it does not sleep
    throw_invalid_delay();
  }
  return false;
}

inline void VoidAwaiter::await_resume() {
  if (!task_) return CoroutineAwaiter<void>::end(frame_);
  end();
  task_->rethrow();
}

template <TaskPromise W>
bool VoidAwaiter::await_suspend(std::coroutine_handle<W> waiting) {
  Coroutine<void>& coro = *coro_;
  if (!coro.delay_.is_set()) {
    const auto frame = coro.frame_.release();
    frame_ = frame.address();
    return CoroutineAwaiter<void>::begin(frame, waiting);
  }
  timer_ = nullptr;
  task_ = waiting.promise().task;
  const double seconds = coro.delay_.seconds();
  coro.delay_.clear();
  if (seconds > 0)
    timer_ = task_->sleep(seconds, waiting);
  else
    task_->yield(waiting);
  return true;
}

}  // namespace detail

}  // namespace tandem::inline v1::asyncio
