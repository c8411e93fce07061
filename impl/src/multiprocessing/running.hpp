// A process that was started, as all handles on it share it: who waits for it, who signals it, what
// became of it. Each start method has its own.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "platform/handle.hpp"
#include "platform/process.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

// Threads  any number at once.
class Running {
 public:
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  virtual ~Running() = default;

  int pid() const noexcept { return pid_; }
  // Can be read as soon as the process has ended.
  int sentinel() const noexcept { return sentinel_.get(); }

  // Minus the signal's number of a process that a signal has ended. None: it runs.
  virtual std::optional<int> poll() noexcept = 0;
  // Returns false iff the deadline has passed.
  virtual bool wait(Deadline until) = 0;
  // Throws   OSError. One that has ended is not signalled.
  virtual void send_signal(int signal) = 0;

 protected:
  Running() = default;
  Running(int pid, platform::Handle sentinel) noexcept
      : pid_(pid), sentinel_(std::move(sentinel)) {}
  // Before anybody else has this.
  void become(int pid, platform::Handle sentinel) noexcept {
    pid_ = pid;
    sentinel_ = std::move(sentinel);
  }

 private:
  int pid_ = 0;
  platform::Handle sentinel_;
};

// A child of this process: forked or spawned. Once it runs, nothing needs memory: it might have
// made something by the time that it is killed for the lack of it.
// Throws   what start() throws; std::bad_alloc (nothing has been started); OSError (there is no
//          handle to be had; then the child is killed and reaped).
std::shared_ptr<Running> own_child(const std::function<platform::Process()>& start);

// Kills and reaps one that nobody has a use for.
void end_at_once(const platform::Process& process) noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
