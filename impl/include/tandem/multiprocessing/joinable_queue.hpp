// Python's multiprocessing.JoinableQueue.
#pragma once
#include <cstddef>

#include "tandem/multiprocessing/queue.hpp"

namespace tandem::inline v1::multiprocessing {

// A Queue that can be waited for until all that was put is done with.
// Order    what was done before task_done() is visible after join().
// Spec     multiprocessing.joinable_queue
template <class T>
class JoinableQueue : public Queue<T> {
 public:
  explicit JoinableQueue(std::ptrdiff_t maxsize = 0) : JoinableQueue(get_context(), maxsize) {}
  explicit JoinableQueue(const Context& context, std::ptrdiff_t maxsize = 0)
      : Queue<T>(context, detail::QueueKind::joinable, maxsize) {}

  // Says that an item got before is done with.
  // Throws   ValueError (called more often than items were put).
  // Spec     multiprocessing.joinable_queue.task-done
  void task_done() const { this->bytes_.task_done(); }
  // Waits until every item put is done with.
  // Spec     multiprocessing.joinable_queue.join
  void join() const { this->bytes_.join(); }

  static JoinableQueue unpickle(v1::pickle::Input& input) {
    return JoinableQueue(detail::ByteQueue::unpickle(input));
  }

 private:
  explicit JoinableQueue(detail::ByteQueue bytes) noexcept : Queue<T>(std::move(bytes)) {}
};

template <class T>
auto Context::JoinableQueue(std::ptrdiff_t maxsize) const {
  return multiprocessing::JoinableQueue<T>(*this, maxsize);
}

}  // namespace tandem::inline v1::multiprocessing
