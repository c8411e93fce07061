// What most people write first: threads around a deque of std::function, results through
// std::packaged_task.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

class Naive {
 public:
  explicit Naive(std::size_t workers) {
    for (std::size_t i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }

  ~Naive() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
  }

  void post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    not_empty_.notify_one();
  }

  template <class Task>
  auto submit(Task task) {
    using Packaged = std::packaged_task<std::invoke_result_t<Task>()>;
    auto packaged = std::make_shared<Packaged>(std::move(task));
    auto result = packaged->get_future();
    post([packaged = std::move(packaged)] { (*packaged)(); });
    return result;
  }

 private:
  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      not_empty_.wait(lock, [this] { return closed_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::deque<std::function<void()>> tasks_;
  bool closed_ = false;
  std::vector<std::jthread> threads_;
};

const bool entered = [] {
  enter_posts<Naive>("naive", Kind::peer);
  enter_submits<Naive>("naive", Kind::peer);
  enter_pool_start<Naive>("naive", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
