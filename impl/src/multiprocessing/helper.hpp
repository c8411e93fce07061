// A process that works behind the scenes for this one and for all that it starts, and its handle
// that they share: it ends when all of these are closed.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "platform/handle.hpp"
#include "platform/process.hpp"
#include "subprocess/child.hpp"
#include "tandem/core/fork.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

class Helper {
 public:
  Helper() = default;
  // One that this process has started.
  Helper(platform::Handle handle, platform::Process process)
      : handle_(std::move(handle)), child_(std::make_shared<subprocess::detail::Child>()) {
    child_->set(std::move(process));
  }
  // One that another process has.
  explicit Helper(platform::Handle handle) : handle_(std::move(handle)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  int handle() const noexcept { return handle_.get(); }

  // The exit code of one that has closed its handle, since it is about to end by itself. None: it
  // does not end, or is another process' child.
  std::optional<int> wait_for_exitcode() {
    if (!child_ || generation_ != process_generation) return {};
    constexpr std::chrono::seconds ends_within(30);
    child_->wait(Deadline::after(ends_within));
    return child_->returncode();
  }
  int pid() const noexcept { return child_ ? child_->pid() : -1; }

  // Lets go of it, and waits for its end if this process has started it. It does not end while
  // others hold on to it; then it is killed.
  void stop() {
    handle_.reset();
    const auto child = own_child();
    if (!child || child->wait(Deadline::after(std::chrono::seconds(2)))) return;
    constexpr int sigkill = 9;  // the same on every system
    child->send_signal(sigkill);
    child->wait(Deadline::never());
  }

 private:
  std::shared_ptr<subprocess::detail::Child> own_child() {
    auto child = std::exchange(child_, nullptr);
    return generation_ == process_generation ? child : nullptr;
  }

  platform::Handle handle_;
  std::shared_ptr<subprocess::detail::Child> child_;  // null: another process' child
  std::uint32_t generation_ = process_generation;
};

}  // namespace tandem::inline v1::multiprocessing::detail
