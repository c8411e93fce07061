#include "multiprocessing/running.hpp"

#include <cerrno>

#include "platform/fork.hpp"
#include "subprocess/child.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

class OwnChild final : public Running {
 public:
  // Before anybody else has this.
  void become(platform::Process process, platform::Handle sentinel) noexcept {
    Running::become(process.pid(), std::move(sentinel));
    child_->set(std::move(process));
  }

  std::optional<int> poll() noexcept override { return child_->poll(); }
  bool wait(Deadline until) override { return child_->wait(until); }
  void send_signal(int signal) override { child_->send_signal(signal); }

 private:
  std::shared_ptr<subprocess::detail::Child> child_ = std::make_shared<subprocess::detail::Child>();
};

}  // namespace

void end_at_once(const platform::Process& process) noexcept {
  constexpr int sigkill = 9;  // the same on every system
  process.send_signal(sigkill);
  process.sleep_until_ended(nullptr);
  process.reap();
}

std::shared_ptr<Running> own_child(const std::function<platform::Process()>& start) {
  auto child = std::make_shared<OwnChild>();
  platform::Process process = start();
  platform::Handle sentinel = platform::open_process(process.pid());
  if (!sentinel) {
    const int error = errno;
    end_at_once(process);
    throw_os_error(error);
  }
  child->become(std::move(process), std::move(sentinel));
  return child;
}

}  // namespace tandem::inline v1::multiprocessing::detail
