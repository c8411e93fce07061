// What is done when this process ends, whatever has started it: Python's util.Finalize with an
// exitpriority.
//
//   1  threads that are no daemons have been joined
//   2  finalizers of priority 0 and above, the highest first; of one priority the youngest first
//   3  children that are daemons get SIGTERM, and all children are joined
//   4  finalizers below 0
#pragma once
#include <functional>
#include <memory>

namespace tandem::inline v1::multiprocessing::detail {

// Calls the function then, unless it has been destroyed before. In a child of fork() it calls
// nothing: what came along is not the child's to finish.
// Threads  any number at once; the destructor waits while the function is called by another one.
class Finalizer {
 public:
  Finalizer(int priority, std::function<void()> function);
  Finalizer(const Finalizer&) = delete;
  Finalizer& operator=(const Finalizer&) = delete;
  ~Finalizer();

 private:
  friend class Finalizers;
  struct Entry;

  std::shared_ptr<Entry> entry_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
