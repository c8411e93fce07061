// What most people write first: a deque, a mutex and two condition variables.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <queue>
#include <utility>
#include <vector>

#include "../../harness/queue_rows.hpp"

namespace bench {
namespace {

template <class T>
class Naive {
 public:
  explicit Naive(std::size_t capacity) : capacity_(capacity) {}

  void put(T item) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [this] { return capacity_ == 0 || items_.size() < capacity_; });
    items_.push_back(std::move(item));
    not_empty_.notify_one();
  }

  T get() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return !items_.empty(); });
    T item = std::move(items_.front());
    items_.pop_front();
    if (capacity_ != 0) not_full_.notify_one();
    return item;
  }

 private:
  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<T> items_;
};

class NaivePriority {
 public:
  explicit NaivePriority(std::size_t) {}

  void put(std::int64_t item) {
    const std::lock_guard lock(mutex_);
    items_.push(item);
    not_empty_.notify_one();
  }

  std::int64_t get() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return !items_.empty(); });
    const std::int64_t item = items_.top();
    items_.pop();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> items_;
};

const bool entered = [] {
  enter_bounded<Naive>("naive", Kind::peer);
  enter_unbounded<Naive>("naive", Kind::peer);
  enter_priorities<NaivePriority>("naive", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
