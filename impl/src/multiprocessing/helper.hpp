// A process that works behind the scenes for this one and for all that it starts, and its handle
// that they share: it ends when all of these are closed.
#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

#include "platform/handle.hpp"
#include "platform/process.hpp"
#include "platform/socket.hpp"
#include "subprocess/child.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

// Its destructor may take long, and a fork() would wait as long for a lock of the library's. So who
// guards one by a lock takes it out into one that is declared before the lock:
//
//   Helper former;
//   const std::scoped_lock guard(mutex);
//   former = std::exchange(helper, …);
class Helper {
 public:
  // How long one that has hung up may take to end. The system hangs up for one that has all but
  // ended. A fork server that takes longer belongs to a program that closes all its files before
  // it comes to freeze_support(): none of its servers serves, and who has asked this one waits as
  // long for its exit code.
  static constexpr std::chrono::seconds ends_within{30};

  Helper() = default;
  // One that this process starts.
  //   start  returns the process; when it throws nothing is left
  template <std::invocable Start>
  Helper(platform::Handle handle, Start start)
      : handle_(std::move(handle)), child_(std::make_shared<subprocess::detail::Child>()) {
    child_->set(start());
  }
  // One that another process has.
  explicit Helper(platform::Handle handle) noexcept : handle_(std::move(handle)) {}
  Helper(Helper&&) noexcept = default;
  // What was here before ends with the other one.
  Helper& operator=(Helper&& other) noexcept {
    std::swap(handle_, other.handle_);
    child_.swap(other.child_);
    std::swap(generation_, other.generation_);
    return *this;
  }
  // Lets go of it, and waits for its end if this process has started it. It does not end while
  // others hold on to it; then it is killed. But one that has hung up ends by itself, and others
  // may wait for its exit code.
  ~Helper() {
    const auto own = child();
    const auto patience = has_hung_up() ? ends_within : std::chrono::seconds(2);
    handle_.reset();
    if (own) end_within(patience, *own);
  }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  int handle() const noexcept { return handle_.get(); }
  // Another handle of the same, which stays open when this one is stopped. None: there is none.
  // Throws   OSError.
  platform::Handle duplicate_handle() const {
    platform::Handle duplicate;
    if (!handle_) return duplicate;
    if (const int error = platform::duplicate_handle(handle_.get(), duplicate))
      throw_os_error(error);
    return duplicate;
  }
  // Whether it has closed its end: it was killed, or is about to end by itself.
  bool has_hung_up() const noexcept { return handle_ && platform::is_hung_up(handle_.get()); }

  // Null: another process' child.
  std::shared_ptr<subprocess::detail::Child> child() const noexcept {
    return generation_ == process_generation ? child_ : nullptr;
  }

 private:
  static void end_within(std::chrono::seconds patience, subprocess::detail::Child& child) noexcept {
    constexpr int sigkill = 9;  // the same on every system
    try {
      if (child.wait(Deadline::after(patience))) return;
    } catch (...) {  // nobody can wait but without an end
    }
    try {
      child.send_signal(sigkill);
      child.wait(Deadline::never());
    } catch (...) {  // nobody is left to wait for it
    }
  }

  platform::Handle handle_;
  std::shared_ptr<subprocess::detail::Child> child_;  // null: another process' child
  std::uint32_t generation_ = process_generation;
};

}  // namespace tandem::inline v1::multiprocessing::detail
