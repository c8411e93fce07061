// Abseil: Mutex, with CondVar, and with the condition that LockWhen() waits for.
#include <absl/synchronization/mutex.h>

#include "../../harness/sync_rows.hpp"

namespace bench {
namespace {

class Mutex {
 public:
  void lock() { mutex_.Lock(); }
  void unlock() { mutex_.Unlock(); }

 private:
  absl::Mutex mutex_;
};

class Turn {
 public:
  void pass(bool from) {
    mutex_.Lock();
    while (turn_ != from) changed_.Wait(&mutex_);
    turn_ = !from;
    changed_.Signal();
    mutex_.Unlock();
  }

 private:
  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool turn_ = false;
};

class Event {
 public:
  void set() {
    mutex_.Lock();
    is_set_ = true;
    mutex_.Unlock();
  }
  void wait_and_clear() {
    mutex_.LockWhen(absl::Condition(&is_set_));
    is_set_ = false;
    mutex_.Unlock();
  }

 private:
  absl::Mutex mutex_;
  bool is_set_ = false;
};

const bool entered = [] {
  enter_lock<Mutex>("absl", Kind::peer);
  enter_condition<Turn>("absl", Kind::peer);
  enter_event<Event>("absl", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
