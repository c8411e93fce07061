// The standard library: mutexes, condition variable, semaphore, barrier. It has no event: what most
// people write, and what C++20 made possible.
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <semaphore>
#include <thread>

#include "../../harness/start_rows.hpp"
#include "../../harness/sync_rows.hpp"

namespace bench {
namespace {

class Turn {
 public:
  void pass(bool from) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == from; });
    turn_ = !from;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool turn_ = false;
};

class Event {
 public:
  void set() {
    const std::scoped_lock lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  void wait_and_clear() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_set_; });
    is_set_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

class AtomicEvent {
 public:
  void set() {
    is_set_.store(true);
    is_set_.notify_all();
  }
  void wait_and_clear() {
    is_set_.wait(false);
    is_set_.store(false);
  }

 private:
  std::atomic<bool> is_set_{false};
};

struct Semaphore : std::counting_semaphore<> {
  Semaphore() : std::counting_semaphore<>(0) {}
};

class Barrier {
 public:
  explicit Barrier(std::size_t parties) : barrier_(static_cast<std::ptrdiff_t>(parties)) {}
  void wait() { barrier_.arrive_and_wait(); }

 private:
  std::barrier<> barrier_;
};

const bool entered = [] {
  enter_lock<std::mutex>("std", Kind::peer);
  enter_rlock<std::recursive_mutex>("std", Kind::peer);
  enter_condition<Turn>("std", Kind::peer);
  enter_event<Event>("std", Kind::peer);
  enter_event<AtomicEvent>("std.atomic", Kind::peer);
  enter_semaphore<Semaphore>("std", Kind::peer);
  enter_barrier<Barrier>("std", Kind::peer);
  enter_start_of("thread", "std", Kind::peer, [](auto body) { std::thread(body).join(); });
  return true;
}();

}  // namespace
}  // namespace bench
