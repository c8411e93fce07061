// What the cases of threading share.
#pragma once
#include <utility>
#include <vector>

#include "conformance/harness/case.hpp"
#include "tandem/threading.hpp"

namespace tandem::conformance {

// n threads that all do the same. Joined at the end of the scope, or before.
class Bunch {
 public:
  template <class F>
  Bunch(int n, F f) {
    for (int i = 0; i < n; ++i) threads_.emplace_back(f);
    for (const auto& thread : threads_) thread.start();
  }
  Bunch(const Bunch&) = delete;
  Bunch& operator=(const Bunch&) = delete;
  ~Bunch() { join(); }
  void join() {
    for (const auto& thread : threads_) thread.join();
  }

 private:
  std::vector<threading::Thread> threads_;
};

// Python's `with lock:`, as a call.
template <class L, class F>
auto with(L& lock, F&& body) {
  lock.lock();
  struct Guard {
    L& lock;
    ~Guard() { lock.unlock(); }
  } guard{lock};
  return std::forward<F>(body)();
}

}  // namespace tandem::conformance
