// Calls of a case that are looked at from outside: what each came to, and that it blocks meanwhile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "conformance/harness/case.hpp"

namespace tandem::conformance {

/// What a call returned, as Python prints it, or the name of what it raised.
template <class Act>
std::string outcome(Act&& act) {
  std::string said = "None";
  const std::string error = raised([&] {
    if constexpr (std::is_void_v<std::invoke_result_t<Act&>>)
      act();
    else
      said = str(act());
  });
  return error == "nothing" ? said : error;
}

/// Calls that block, each in a thread of its own; what each came to is there after join().
class Blocked {
 public:
  template <class... Acts>
  explicit Blocked(Acts... acts) : said_(sizeof...(acts)) {
    std::size_t index = 0;
    (start(index++, std::move(acts)), ...);
    wait_until_blocked(sizeof...(acts));
  }
  template <class Act>
  static Blocked many(std::size_t count, Act act) {
    return Blocked(Many{count}, std::move(act));
  }
  Blocked(const Blocked&) = delete;
  Blocked& operator=(const Blocked&) = delete;
  ~Blocked() { join(); }

  std::vector<std::optional<std::string>> said() const {
    std::scoped_lock guard(mutex_);
    return said_;
  }
  /// How many have come to this.
  std::ptrdiff_t count(const std::string& what) const {
    std::scoped_lock guard(mutex_);
    return std::count(said_.begin(), said_.end(), what);
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  struct Many {
    std::size_t count;
  };
  template <class Act>
  Blocked(Many many, Act act) : said_(many.count) {
    for (std::size_t index = 0; index < many.count; ++index) start(index, act);
    wait_until_blocked(many.count);
  }
  template <class Act>
  void start(std::size_t index, Act act) {
    threads_.emplace_back([this, index, act = std::move(act)]() mutable {
      std::string said = outcome(act);
      std::scoped_lock guard(mutex_);
      said_[index] = std::move(said);
    });
  }

  mutable std::mutex mutex_;
  std::vector<std::optional<std::string>> said_;
  std::vector<std::thread> threads_;
};

}  // namespace tandem::conformance
