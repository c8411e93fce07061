// queue.SimpleQueue: first in, first out, without bound, without task_done().
#pragma once
#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

#include "tandem/core/abandon.hpp"
#include "tandem/queue/detail/channel.hpp"
#include "tandem/queue/detail/fifo.hpp"
#include "tandem/queue/exceptions.hpp"

namespace tandem::inline v1::queue {

// The plain queue between threads. Threads, Order and Errors as in Queue. Neither copied nor moved.
// Spec     queue.simple
template <class T>
class SimpleQueue {
 public:
  SimpleQueue() = default;
  SimpleQueue(const SimpleQueue&) = delete;
  SimpleQueue& operator=(const SimpleQueue&) = delete;

  // Adds an item; never waits. The options are there for code written for Queue, and ignored.
  // Throws   std::bad_alloc, and what T's copy or move throws.
  void put(T&& item, BlockOptions = {}) { channel_->put(std::move(item), {}); }
  void put(const T& item, BlockOptions = {}) requires std::copy_constructible<T> {
    channel_->put(T(item), {});
  }
  void put_nowait(T&& item) { put(std::move(item)); }
  void put_nowait(const T& item) requires std::copy_constructible<T> { put(item); }
  // put(), for code written for Queue: always true.
  bool try_put(T&& item) {
    put(std::move(item));
    return true;
  }
  bool try_put(const T& item) requires std::copy_constructible<T> { return try_put(T(item)); }

  // Removes and returns the oldest item, waiting until there is one.
  // Throws   Empty (none, in time); ValueError (negative timeout); what T's move throws.
  // Spec     queue.simple.get
  T get(BlockOptions options = {}) { return channel_->get(options); }
  T get_nowait() { return channel_->get({.block = false}); }
  // Nothing when there is nothing.
  std::optional<T> try_get() { return channel_->try_get(); }

  // Exact at a moment during the call, stale when it returns.
  std::size_t qsize() const { return channel_->size(); }
  bool empty() const { return qsize() == 0; }

 private:
  detail::Abandonable<detail::Channel<T, detail::Fifo<T>>> channel_{0};
};

}  // namespace tandem::inline v1::queue
