// Python's multiprocessing.Queue.
#pragma once
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/byte_queue.hpp"
#include "tandem/pickle.hpp"
#include "tandem/queue/exceptions.hpp"

namespace tandem::inline v1::multiprocessing {

using queue::BlockOptions;
using queue::Empty;
using queue::Full;
using queue::ShutDown;

namespace detail {

// What all three queues are: items on the way in are pickled, on the way out unpickled.
template <class T>
class ItemQueue : v1::pickle::detail::Checked<v1::pickle::check_portable<T>(), T> {
 protected:
  ItemQueue(const Context& context, QueueKind kind, std::ptrdiff_t maxsize)
      : bytes_(context, kind, maxsize) {}
  explicit ItemQueue(ByteQueue bytes) noexcept : bytes_(std::move(bytes)) {}

  void put_item(const T& item, const BlockOptions& options) const {
    v1::pickle::Output output;
    dump(output, item);
    bytes_.put(output.bytes(), options);
  }
  bool try_put_item(const T& item) const {
    v1::pickle::Output output;
    dump(output, item);
    return bytes_.try_put(output.bytes());
  }
  T get_item(const BlockOptions& options) const {
    ItemBytes item;
    bytes_.get(item, options);
    return load(item);
  }
  std::optional<T> try_get_item() const {
    ItemBytes item;
    if (!bytes_.try_get(item)) return std::nullopt;
    return load(item);
  }

  ByteQueue bytes_;

 private:
  // What goes on only with what can be pickled says nothing after the error above.
  static void dump(v1::pickle::Output& output, const T& item) {
    if constexpr (v1::pickle::Portable<T>) v1::pickle::dump(output, item);
  }
  static T load(ItemBytes& item) {
    v1::pickle::Input input(item.bytes());
    if constexpr (v1::pickle::Portable<T>) return v1::pickle::load<T>(input);
  }
};

}  // namespace detail

// A queue between processes: first in, first out. Items are pickled in put(), and new ones are made
// of them in get().
// A handle: a copy is the same queue; it reaches other processes as an argument of Process and the
// like.
//
// Threads  every member at any time by any number of threads, of any process.
// Order    what was done before put() is visible to the one that get() gives the item to.
// Errors   an item that cannot be pickled is an error of its put() (Python loses it). Items are in
//          the queue when put() returns: a process may end, or be joined, before they are got.
//          Whoever is killed in put() or get() takes nothing but its own item along.
// Linearizable. A blocked call uses no processor time.
// Spec     multiprocessing.queue
template <class T>
class Queue : protected detail::ItemQueue<T> {
 public:
  // maxsize   most items inside; zero or less: no limit but memory.
  explicit Queue(std::ptrdiff_t maxsize = 0) : Queue(get_context(), maxsize) {}
  explicit Queue(const Context& context, std::ptrdiff_t maxsize = 0)
      : detail::ItemQueue<T>(context, detail::QueueKind::queue, maxsize) {}

  // Adds an item, waiting for room.
  //   options.block    false: do not wait
  //   options.timeout  longest wait; default for ever; zero or less does not wait
  // Throws   Full (no room, in time); ShutDown; ValueError (closed); PicklingError; what dumping T
  //          throws.
  // Spec     multiprocessing.queue.put
  void put(const T& item, BlockOptions options = {}) const { this->put_item(item, options); }
  // put({.block = false}).
  void put_nowait(const T& item) const { put(item, {.block = false}); }
  // The same without exceptions: false when there is no room or the queue was shut down.
  bool try_put(const T& item) const { return this->try_put_item(item); }

  // Removes and returns the next item, waiting until there is one.
  //   options          as of put()
  // Throws   Empty (none, in time); ShutDown (and nothing is left); ValueError (closed);
  //          UnpicklingError, what loading T throws: the item is gone then.
  // Spec     multiprocessing.queue.get
  T get(BlockOptions options = {}) const { return this->get_item(options); }
  // get({.block = false}).
  T get_nowait() const { return get({.block = false}); }
  // Nothing when there is nothing.
  std::optional<T> try_get() const { return this->try_get_item(); }

  // Exact at a moment during the call, stale when it returns.
  std::size_t qsize() const noexcept { return this->bytes_.size(); }
  // Throws   OSError (closed, and this process has put something).
  bool empty() const { return this->bytes_.empty(); }
  bool full() const noexcept { return this->bytes_.full(); }

  // This process does not use the queue any more: put() and get() throw ValueError.
  // Spec     multiprocessing.queue.close
  void close() const noexcept { this->bytes_.close(); }
  // In Python this waits for the thread that sends the items; there is none here, and nothing to
  // wait for.
  // Throws   AssertionError (not closed).
  void join_thread() const { this->bytes_.join_thread(); }
  // In Python this gives up items that were not sent yet; here they all are.
  void cancel_join_thread() const noexcept {}

  // As queue.Queue's, for all processes: put() throws ShutDown from now on, and get() when nothing
  // is left. Ours.
  //   immediate   drop what is inside; it counts as done for join()
  // Spec     multiprocessing.queue.shutdown
  void shutdown(bool immediate = false) const { this->bytes_.shutdown(immediate); }
  bool is_shutdown() const noexcept { return this->bytes_.is_shutdown(); }

  friend bool operator==(const Queue& a, const Queue& b) noexcept {
    return a.bytes_.id() == b.bytes_.id();
  }
  // Python's repr: "<multiprocessing.queues.Queue object at 0x7f12ab>".
  friend std::string to_string(const Queue& queue) { return queue.bytes_.repr(); }
  friend std::ostream& operator<<(std::ostream& out, const Queue& queue) {
    return out << to_string(queue);
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const { this->bytes_.pickle(output); }
  static Queue unpickle(v1::pickle::Input& input) {
    return Queue(detail::ByteQueue::unpickle(input));
  }

 protected:
  Queue(const Context& context, detail::QueueKind kind, std::ptrdiff_t maxsize)
      : detail::ItemQueue<T>(context, kind, maxsize) {}
  explicit Queue(detail::ByteQueue bytes) noexcept : detail::ItemQueue<T>(std::move(bytes)) {}
};

template <class T>
auto Context::Queue(std::ptrdiff_t maxsize) const {
  return multiprocessing::Queue<T>(*this, maxsize);
}

}  // namespace tandem::inline v1::multiprocessing
