// fork(): what the library keeps whole in the child, where of all threads only the one that forked
// goes on.
//
//   before   users | executors | threading | core     each takes its locks, so nobody is half-way
//   fork()
//   after    core | threading | executors | users     the child first forgets the other threads
//
// Users' hooks (os::register_at_fork) stand outermost: all of the library works in them.
//
// What has state that names threads, but is not known here (a queue, a condition), finds out by
// itself: the number of the process has changed since (process_generation).
#pragma once
#include <cstdint>

#include "tandem/core/export.hpp"
#include "tandem/core/mutex.hpp"

namespace tandem::inline v1::detail {

// How many fork()s lie between the program's first process and this one. A plain number: it is
// written while a child has only one thread.
extern TANDEM_API std::uint32_t process_generation;

// From the outermost: who holds a lock of one stage may take those of later ones.
enum class ForkStage { users, executors, threading, core };

// Something that is told of every fork(). For what lives for ever, and is made before there are
// threads: in a child a static that another thread was just making stays half-made.
class ForkAware {
 public:
  ForkAware(const ForkAware&) = delete;
  ForkAware& operator=(const ForkAware&) = delete;

 protected:
  explicit ForkAware(ForkStage stage);
  ~ForkAware() = default;

  virtual void before_fork() noexcept = 0;
  virtual void after_fork_in_parent() noexcept = 0;
  virtual void after_fork_in_child() noexcept = 0;

  // Whether a fork() comes to this one first.
  bool comes_before(const ForkAware& other) const noexcept { return order_ < other.order_; }

 private:
  friend class ForkStages;
  ForkAware* next_ = nullptr;
  std::uint64_t order_ = 0;
};

// A mutex that nobody else holds in the child: every fork() takes it. Who takes several takes them
// in the order of a fork(), or the two wait for each other: by stage, in one stage the youngest
// first. With assertions the library ends the program that does not.
class ForkSafeMutex final : Mutex, ForkAware {
 public:
  explicit ForkSafeMutex(ForkStage stage) : ForkAware(stage) {}
  void lock() noexcept;
  void unlock() noexcept;

 private:
  void before_fork() noexcept override { Mutex::lock(); }
  void after_fork_in_parent() noexcept override { Mutex::unlock(); }
  void after_fork_in_child() noexcept override { Mutex::unlock(); }

  [[maybe_unused]] ForkSafeMutex* held_before_ = nullptr;  // by the thread that holds it
};

// One for all objects of a kind, for what is seldom locked and not for long. Made while statics
// are, or by the first of them that asks for it, and never destroyed.
template <ForkStage stage, class Kind>
class ForkSafeMutexOf {
 public:
  static ForkSafeMutex& get() {
    static_cast<void>(&at_start_);  // a member that nobody names is not made
    return made();
  }

 private:
  static ForkSafeMutex& made() {
    static ForkSafeMutex& forever = *new ForkSafeMutex(stage);
    return forever;
  }
  static inline const ForkSafeMutex& at_start_ = made();
};

// A function that is called in the child.
class ForkReset final : ForkAware {
 public:
  ForkReset(ForkStage stage, void (*reset)()) : ForkAware(stage), reset_(reset) {}

 private:
  void before_fork() noexcept override {}
  void after_fork_in_parent() noexcept override {}
  void after_fork_in_child() noexcept override { reset_(); }

  void (*const reset_)();
};

}  // namespace tandem::inline v1::detail
