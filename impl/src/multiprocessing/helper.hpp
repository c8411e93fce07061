// A process that works behind the scenes for this one and for all that it starts, and its handle
// that they share: it ends when all of these are closed.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
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

  // Null: another process' child.
  std::shared_ptr<subprocess::detail::Child> child() const noexcept {
    return generation_ == process_generation ? child_ : nullptr;
  }

  // Lets go of it, and waits for its end if this process has started it. It does not end while
  // others hold on to it; then it is killed. Not under a lock of the library's, for which a fork()
  // would wait as long: who has one takes the helper out of it first.
  void stop() {
    handle_.reset();
    const auto own = child();
    child_.reset();
    if (!own || own->wait(Deadline::after(std::chrono::seconds(2)))) return;
    constexpr int sigkill = 9;  // the same on every system
    own->send_signal(sigkill);
    own->wait(Deadline::never());
  }

 private:
  platform::Handle handle_;
  std::shared_ptr<subprocess::detail::Child> child_;  // null: another process' child
  std::uint32_t generation_ = process_generation;
};

}  // namespace tandem::inline v1::multiprocessing::detail
