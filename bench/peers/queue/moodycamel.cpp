// moodycamel::BlockingConcurrentQueue, without and with its tokens. First in, first out for each
// producer only; no bound.
#if __has_include(<concurrentqueue/moodycamel/blockingconcurrentqueue.h>)
#include <concurrentqueue/moodycamel/blockingconcurrentqueue.h>
#else
#include <concurrentqueue/blockingconcurrentqueue.h>
#endif

#include <cstddef>
#include <utility>

#include "../../harness/queue_rows.hpp"

namespace bench {
namespace {

template <class T>
class Moodycamel {
 public:
  explicit Moodycamel(std::size_t) {}
  void put(T item) { queue_.enqueue(std::move(item)); }
  T get() {
    T item{};
    queue_.wait_dequeue(item);
    return item;
  }

 private:
  moodycamel::BlockingConcurrentQueue<T> queue_;
};

template <class T>
class WithTokens {
 public:
  explicit WithTokens(std::size_t) {}

  class Producer {
   public:
    explicit Producer(WithTokens& owner) : queue_(owner.queue_), token_(owner.queue_) {}
    void put(T item) { queue_.enqueue(token_, std::move(item)); }

   private:
    moodycamel::BlockingConcurrentQueue<T>& queue_;
    moodycamel::ProducerToken token_;
  };

  class Consumer {
   public:
    explicit Consumer(WithTokens& owner) : queue_(owner.queue_), token_(owner.queue_) {}
    T get() {
      T item{};
      queue_.wait_dequeue(token_, item);
      return item;
    }

   private:
    moodycamel::BlockingConcurrentQueue<T>& queue_;
    moodycamel::ConsumerToken token_;
  };

 private:
  moodycamel::BlockingConcurrentQueue<T> queue_;
};

const bool entered = [] {
  enter_unbounded<Moodycamel>("moodycamel", Kind::peer);
  enter_unbounded<WithTokens>("moodycamel.tokens", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
