// Boost.Thread, and the semaphore of Boost.Interprocess.
#include <boost/interprocess/sync/interprocess_semaphore.hpp>
#include <boost/thread/barrier.hpp>
#include <boost/thread/condition_variable.hpp>
#include <boost/thread/lock_types.hpp>
#include <boost/thread/mutex.hpp>
#include <boost/thread/recursive_mutex.hpp>
#include <cstddef>

#include "../../harness/sync_rows.hpp"

namespace bench {
namespace {

class Turn {
 public:
  void pass(bool from) {
    boost::unique_lock<boost::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == from; });
    turn_ = !from;
    changed_.notify_one();
  }

 private:
  boost::mutex mutex_;
  boost::condition_variable changed_;
  bool turn_ = false;
};

class Event {
 public:
  void set() {
    const boost::unique_lock<boost::mutex> lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  void wait_and_clear() {
    boost::unique_lock<boost::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return is_set_; });
    is_set_ = false;
  }

 private:
  boost::mutex mutex_;
  boost::condition_variable changed_;
  bool is_set_ = false;
};

class Semaphore {
 public:
  void acquire() { semaphore_.wait(); }
  void release() { semaphore_.post(); }

 private:
  boost::interprocess::interprocess_semaphore semaphore_{0};
};

class Barrier {
 public:
  explicit Barrier(std::size_t parties) : barrier_(static_cast<unsigned>(parties)) {}
  void wait() { barrier_.wait(); }

 private:
  boost::barrier barrier_;
};

const bool entered = [] {
  enter_lock<boost::mutex>("boost", Kind::peer);
  enter_rlock<boost::recursive_mutex>("boost", Kind::peer);
  enter_condition<Turn>("boost", Kind::peer);
  enter_event<Event>("boost", Kind::peer);
  enter_semaphore<Semaphore>("boost", Kind::peer);
  enter_barrier<Barrier>("boost", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
