// asyncio.Queue: first in, first out.
#pragma once
#include <concepts>
#include <cstddef>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/attempt.hpp"
#include "tandem/asyncio/detail/items.hpp"
#include "tandem/asyncio/detail/waiter.hpp"
#include "tandem/asyncio/event.hpp"

namespace tandem::inline v1::asyncio {

// get_nowait() found nothing.
class TANDEM_API QueueEmpty : public std::runtime_error {
 public:
  QueueEmpty();
};
// put_nowait() found no room.
class TANDEM_API QueueFull : public std::runtime_error {
 public:
  QueueFull();
};
// put to a queue that was shut down, or get from one that is empty besides.
class TANDEM_API QueueShutDown : public std::runtime_error {
 public:
  QueueShutDown();
};

namespace detail {

// All of a queue but its items.
class TANDEM_API QueueState {
 public:
  explicit QueueState(std::ptrdiff_t maxsize);

  void note_put() {
    ++unfinished;
    finished.clear();
    getters.pop_next();
  }
  void note_taken() { putters.pop_next(); }
  void task_done();
  void shut_down(std::size_t dropped, bool immediate);
  // "maxsize=1 _queue=[2] _getters[1] tasks=1"
  std::string text(const std::string& items) const;

  const std::ptrdiff_t maxsize;
  bool is_shut_down = false;
  std::size_t unfinished = 0;
  Event finished;
  Waiters getters, putters;
  LoopBinding binding;
};

[[noreturn]] TANDEM_API void throw_queue_empty(bool is_shut_down);
[[noreturn]] TANDEM_API void throw_queue_full(bool is_shut_down);

}  // namespace detail

// A queue between tasks. Items are moved or copied in and moved out; T needs a move constructor.
// Neither copied nor moved. Tasks may wait when it goes: they are never woken, and can be
// cancelled.
//
// Threads  those of its loop only.
// Order    who waits longest is woken first. As in CPython one who comes between may be served
//          before one that was woken, which then waits again.
// Errors   when a call throws, whatever it throws, no item is lost: put_nowait() has not taken its
//          argument, get_nowait() has left the item inside, and a task that is cancelled in get()
//          or put() has got or put nothing.
// Spec     asyncio.queue
template <class T>
class Queue {
  struct Putting;
  struct Getting;

 public:
  using value_type = T;

  // maxsize   most items inside; zero or less: no limit but memory.
  explicit Queue(std::ptrdiff_t maxsize = 0) : state_(maxsize) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  virtual ~Queue() = default;

  // Adds an item, waiting for room. Python's coroutine, but one without a frame of its own: to be
  // awaited, or given to create_task() and all else that takes a Coroutine<>.
  // (Name an aggregate first, and choose the item rather than the call: within co_await, g++ 12
  // destroys an aggregate twice, and what stands in a ?:.)
  // Throws   CancelledError; QueueShutDown; RuntimeError (it has to wait, and not in the loop where
  //          tasks have waited before). The item is lost then, if it was moved in.
  // Spec     asyncio.queue.put
  detail::Attempt<Putting> put(T item) {
    return detail::Attempt<Putting>(Putting{this, std::move(item)});
  }
  // Throws   QueueFull; QueueShutDown; what T's copy or move throws. The argument is moved from
  // only
  //          on success.
  void put_nowait(T&& item) {
    if (!try_put(std::move(item))) detail::throw_queue_full(state_.is_shut_down);
  }
  void put_nowait(const T& item) requires std::copy_constructible<T> { put_nowait(T(item)); }
  // The same without exceptions: false when there is no room or the queue was shut down.
  bool try_put(T&& item) {
    if (state_.is_shut_down || full()) return false;
    store(std::move(item));
    state_.note_put();
    return true;
  }
  bool try_put(const T& item) requires std::copy_constructible<T> { return try_put(T(item)); }

  // Removes and returns the next item, waiting until there is one. A coroutine in the same way.
  // Throws   CancelledError; QueueShutDown (and nothing is left); RuntimeError (it has to wait, and
  //          not in the loop where tasks have waited before).
  // Spec     asyncio.queue.get
  detail::Attempt<Getting> get() { return detail::Attempt<Getting>(Getting{this}); }
  // Throws   QueueEmpty; QueueShutDown; what T's move throws (copied instead where it can be).
  T get_nowait() {
    if (empty()) detail::throw_queue_empty(state_.is_shut_down);
    return take_and_tell();
  }
  // Nothing when there is nothing.
  std::optional<T> try_get() {
    if (empty()) return std::nullopt;
    return take_and_tell();
  }

  // Says that an item got before is done with.
  // Throws   ValueError (called more often than items were put).
  // Spec     asyncio.queue.task-done
  void task_done() { state_.task_done(); }
  // Waits until every item put is done with: got and task_done(), or dropped by shutdown(true).
  // Spec     asyncio.queue.join
  Coroutine<> join() {
    if (state_.unfinished > 0) co_await state_.finished.wait();
  }

  std::size_t qsize() const noexcept { return size(); }
  std::ptrdiff_t maxsize() const noexcept { return state_.maxsize; }
  bool empty() const noexcept { return size() == 0; }
  bool full() const noexcept {
    return state_.maxsize > 0 && size() >= static_cast<std::size_t>(state_.maxsize);
  }

  // Ends the intake: put() throws QueueShutDown from now on, also where it waits, and get() when
  // nothing is left.
  //   immediate   drop what is inside; it counts as done for join()
  // Spec     asyncio.queue.shutdown
  void shutdown(bool immediate = false) {
    state_.is_shut_down = true;
    const std::size_t dropped = immediate ? size() : 0;
    if (immediate) drop_all();
    state_.shut_down(dropped, immediate);
  }

  // Python's repr and str: "<Queue at 0x7f12ab maxsize=2 _queue=[1] tasks=1>", without the address.
  std::string repr() const {
    return std::string("<") + name() + " at " + detail::address_text(this) + " " + text() + ">";
  }
  friend std::string to_string(const Queue& queue) {
    return std::string("<") + queue.name() + " " + queue.text() + ">";
  }
  friend std::ostream& operator<<(std::ostream& out, const Queue& queue) {
    return out << to_string(queue);
  }

 private:
  // For messages, which have the address in them.
  struct Named {
    const Queue& queue;
    friend std::string to_string(const Named& named) { return named.queue.repr(); }
  };

  // put() and get(), as Attempt asks for them. Whoever was woken and does not go on has the next
  // woken, if there is something for that one.
  struct Putting {
    using Result = void;
    static constexpr bool looks_again = true;
    Queue* queue;
    T item;

    bool has_to_wait() const noexcept { return queue->full() && !queue->state_.is_shut_down; }
    detail::Waiters& waiters() const noexcept { return queue->state_.putters; }
    void bind_to(detail::LoopState& loop) const { queue->bind_to(loop); }
    void give_up(detail::Waiter& putter) {
      if (putter.is_woken() && !queue->full()) waiters().pop_next();
    }
    [[noreturn]] void is_gone() const { throw QueueShutDown(); }
    void act(bool) { queue->put_nowait(std::move(item)); }
  };
  struct Getting {
    using Result = T;
    static constexpr bool looks_again = true;
    Queue* queue;

    bool has_to_wait() const noexcept { return queue->empty() && !queue->state_.is_shut_down; }
    detail::Waiters& waiters() const noexcept { return queue->state_.getters; }
    void bind_to(detail::LoopState& loop) const { queue->bind_to(loop); }
    void give_up(detail::Waiter& getter) {
      if (getter.is_woken() && !queue->empty()) waiters().pop_next();
    }
    [[noreturn]] T is_gone() const { throw QueueShutDown(); }
    T act(bool) { return queue->get_nowait(); }
  };

  void bind_to(detail::LoopState& loop) { state_.binding.bind_to(loop, Named{*this}); }

  // Of the kinds of queues: what CPython's _put(), _get(), … are.
  virtual void store(T&& item) { items_.put(std::move(item)); }
  virtual T take() { return items_.take(); }
  virtual void drop_all() noexcept { items_.clear(); }
  virtual std::size_t size() const noexcept { return items_.size(); }
  virtual std::string items_text() const { return detail::items_repr(items_); }
  virtual const char* name() const noexcept { return "Queue"; }

  T take_and_tell() {
    T item = take();
    state_.note_taken();
    return item;
  }
  std::string text() const { return state_.text(empty() ? "" : items_text()); }

  detail::Ring<T> items_;  // unless a kind has its own
  detail::QueueState state_;
};

}  // namespace tandem::inline v1::asyncio
