// queue.Queue: first in, first out.
#pragma once
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "tandem/core/abandon.hpp"
#include "tandem/queue/detail/channel.hpp"
#include "tandem/queue/detail/fifo.hpp"
#include "tandem/queue/exceptions.hpp"

namespace tandem::inline v1::queue {

// A queue between threads. Items are moved or copied in and moved out; T needs a move constructor.
//
// Threads  every member at any time by any number of threads, but the destructor: it runs when no
//          other call is under way. Items still inside are destroyed with the queue.
// Order    what a thread did before put() is visible to the thread that get() gives the item to;
//          what it did before task_done() is visible after join().
// Errors   when a call throws, whatever it throws, no item is lost: put() has not taken its
//          argument, get() has left the item inside, and the queue goes on working.
// Linearizable: each call takes effect at one moment between its begin and its end. A blocked
// call uses no processor time. Neither copied nor moved.
// Spec     queue
template <class T>
class Queue {
 public:
  // maxsize   most items inside; zero or less: no limit but memory.
  explicit Queue(std::ptrdiff_t maxsize = 0)
      : Queue(std::make_unique<detail::Channel<T, detail::Fifo<T>>>(maxsize)) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  virtual ~Queue() = default;

  // Adds an item, waiting for room.
  //   options.block    false: do not wait
  //   options.timeout  longest wait; default for ever
  // Throws   Full (no room, in time); ShutDown; ValueError (negative timeout, where there is a
  //          maxsize); what T's copy or move throws. The argument is moved from only on success.
  // Spec     queue.put
  void put(T&& item, BlockOptions options = {}) {
    switch (channel_->put(std::move(item), options)) {
      case detail::Put::done:
        return;
      case detail::Put::full:
        throw Full();
      case detail::Put::shut_down:
        throw ShutDown();
    }
  }
  void put(const T& item, BlockOptions options = {}) requires std::copy_constructible<T> {
    put(T(item), options);
  }
  // put({.block = false}).
  void put_nowait(T&& item) { put(std::move(item), {.block = false}); }
  void put_nowait(const T& item) requires std::copy_constructible<T> {
    put(T(item), {.block = false});
  }
  // The same without exceptions: false when there is no room or the queue was shut down.
  bool try_put(T&& item) {
    return channel_->put(std::move(item), {.block = false}) == detail::Put::done;
  }
  bool try_put(const T& item) requires std::copy_constructible<T> { return try_put(T(item)); }

  // Removes and returns the next item, waiting until there is one.
  //   options.block    false: do not wait
  //   options.timeout  longest wait; default for ever; zero polls
  // Throws   Empty (none, in time); ShutDown (and nothing is left); ValueError (negative timeout);
  //          what T's move throws (copied instead where it can be).
  // Spec     queue.get
  T get(BlockOptions options = {}) { return channel_->get(options); }
  // get({.block = false}).
  T get_nowait() { return channel_->get({.block = false}); }
  // empty() and get() in one step, which no other thread can split; nothing when there is nothing.
  std::optional<T> try_get() { return channel_->try_get(); }

  // Says that an item got before is done with.
  // Throws   ValueError (called more often than items were put).
  // Spec     queue.task-done
  void task_done() { channel_->task_done(); }
  // Waits until every item put is done with: got and task_done(), or dropped by shutdown(true).
  // Spec     queue.join
  void join() { channel_->join(); }
  // Items put and not yet done with.
  std::size_t unfinished_tasks() const { return static_cast<std::size_t>(channel_->unfinished()); }

  // Exact at a moment during the call, stale when it returns.
  std::size_t qsize() const { return channel_->size(); }
  bool empty() const { return qsize() == 0; }
  bool full() const {
    const std::ptrdiff_t limit = maxsize();
    return limit > 0 && qsize() >= static_cast<std::size_t>(limit);
  }

  std::ptrdiff_t maxsize() const { return channel_->maxsize(); }
  // Python's `q.maxsize = n`. Items above a lowered limit stay; a raised one lets putters in.
  void maxsize(std::ptrdiff_t size) { channel_->maxsize(size); }

  // Ends the intake: put() throws ShutDown from now on, and get() when nothing is left.
  //   immediate   drop what is inside; it counts as done for join(). The items' destructors must
  //               not use this queue.
  // Spec     queue.shutdown
  void shutdown(bool immediate = false) { channel_->shutdown(immediate); }
  bool is_shutdown() const { return channel_->is_shutdown(); }

 protected:
  explicit Queue(std::unique_ptr<detail::AbstractChannel<T>> channel)
      : channel_(std::move(channel)) {}

 private:
  detail::Abandonable<std::unique_ptr<detail::AbstractChannel<T>>> channel_;
};

}  // namespace tandem::inline v1::queue
