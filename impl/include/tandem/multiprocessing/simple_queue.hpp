// Python's multiprocessing.SimpleQueue.
#pragma once
#include <ostream>
#include <string>

#include "tandem/multiprocessing/queue.hpp"

namespace tandem::inline v1::multiprocessing {

// The plain queue between processes: first in, first out, without bound.
// A handle. Threads, Order and Errors as in Queue.
// Spec     multiprocessing.simple_queue
template <class T>
class SimpleQueue : detail::ItemQueue<T> {
 public:
  SimpleQueue() : SimpleQueue(get_context()) {}
  explicit SimpleQueue(const Context& context)
      : detail::ItemQueue<T>(context, detail::QueueKind::simple, 0) {}

  // Adds an item; never waits.
  // Throws   OSError (closed); PicklingError; what dumping T throws.
  void put(const T& item) const { this->put_item(item, {}); }
  // Removes and returns the oldest item, waiting until there is one.
  // Throws   OSError (closed); UnpicklingError, what loading T throws: the item is gone then.
  // Spec     multiprocessing.simple_queue.get
  T get() const { return this->get_item({}); }

  // Stale as soon as it is read.
  // Throws   OSError (closed).
  bool empty() const { return this->bytes_.empty(); }

  // This process does not use the queue any more.
  void close() const noexcept { this->bytes_.close(); }

  friend bool operator==(const SimpleQueue& a, const SimpleQueue& b) noexcept {
    return a.bytes_.id() == b.bytes_.id();
  }
  // Python's repr: "<multiprocessing.queues.SimpleQueue object at 0x7f12ab>".
  friend std::string to_string(const SimpleQueue& queue) { return queue.bytes_.repr(); }
  friend std::ostream& operator<<(std::ostream& out, const SimpleQueue& queue) {
    return out << to_string(queue);
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const { this->bytes_.pickle(output); }
  static SimpleQueue unpickle(v1::pickle::Input& input) {
    return SimpleQueue(detail::ByteQueue::unpickle(input));
  }

 private:
  explicit SimpleQueue(detail::ByteQueue bytes) noexcept : detail::ItemQueue<T>(std::move(bytes)) {}
};

template <class T>
auto Context::SimpleQueue() const {
  return multiprocessing::SimpleQueue<T>(*this);
}

}  // namespace tandem::inline v1::multiprocessing
