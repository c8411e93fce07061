// queue.LifoQueue: last in, first out.
#pragma once
#include <cstddef>
#include <memory>

#include "tandem/queue/detail/ordered.hpp"
#include "tandem/queue/queue.hpp"

namespace tandem::inline v1::queue {

// A stack between threads: a Queue whose newest item leaves first. All else is as in Queue.
// Spec     queue.lifo
template <class T>
class LifoQueue : public Queue<T> {
 public:
  explicit LifoQueue(std::ptrdiff_t maxsize = 0)
      : Queue<T>(
            std::make_unique<detail::Channel<T, detail::Ordered<T, detail::Stack<T>>>>(maxsize)) {}
};

}  // namespace tandem::inline v1::queue
