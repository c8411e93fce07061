// Neutral contract: children. One is started with everything decided beforehand, waited for without
// being polled, reaped once, and signalled only while its number is surely its own.
#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "platform/handle.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::platform {

// ---- starting ----

// What is to be executed, and how. All that it points to belongs to the caller.
struct SpawnPlan {
  // Until the first that can be executed; the first error other than "not there" counts.
  std::vector<const char*> candidates{};  // a null pointer at the end
  std::vector<const char*> argv{};        // a null pointer at the end
  std::vector<const char*> envp{};        // a null pointer at the end; empty: the parent's

  // The parent's ends of pipes, which the child closes, and what the child has for 0, 1, 2.
  int parent_ends[3] = {Handle::none, Handle::none, Handle::none};
  int stdio[3] = {Handle::none, Handle::none, Handle::none};  // none: the parent's

  bool close_others = true;  // all from 3 on but those kept
  std::vector<int> kept{};   // in order, none twice; inherited

  const char* cwd = nullptr;
  int umask = -1;  // negative: the parent's
  bool restore_signals = true;
  bool new_session = false;
  int process_group = -1;  // negative: the parent's; 0: its own
  std::optional<std::vector<std::uint32_t>> groups{};
  std::optional<std::uint32_t> group{};
  std::optional<std::uint32_t> user{};

  // Called in the child, which then is a copy of the parent. False: it has failed.
  bool (*prepare)(void*) = nullptr;
  void* prepare_argument = nullptr;
};

// Where a child was when it went wrong.
enum class SpawnStep : std::int32_t {
  fork,     // there is no child
  setup,    // descriptors, ids, session, …
  chdir,    // to plan.cwd
  prepare,  // plan.prepare said so
  exec,
};
struct SpawnError {
  SpawnStep step = SpawnStep::fork;
  std::int32_t number = 0;  // of the system; 0: none
};

// A child that was started. All members may be called by any thread; but reap(), forget() and
// obtain_handle() by one at a time, and the rest not after reap() has said that the child has
// ended.
class Process {
 public:
  // How a child has ended.
  struct Ending {
    bool known =
        false;  // false: others took it, or the system was told to forget (SIGCHLD ignored)
    bool by_signal = false;
    int value = 0;  // exit status or signal
  };

  Process() = default;
  Process(int pid, Handle handle) noexcept : pid_(pid), handle_(std::move(handle)) {}

  int pid() const noexcept { return pid_; }

  // A handle is the child itself, while its number may be used again. Not always to be had.
  bool has_handle() const noexcept { return static_cast<bool>(handle_); }
  // Readable when the child has ended; stays this object's.
  int handle() const noexcept { return handle_.get(); }
  bool obtain_handle() noexcept;
  // Gives it back. Nobody may be sleeping by it.
  void forget() noexcept { handle_.reset(); }

  // Sleeps until the child has ended; nobody reaps it by this.
  //   until  of a child with a handle: until that time on the monotonic clock; nullptr: for ever.
  //          Without one it is not heeded, and nobody else may reap the child meanwhile.
  void sleep_until_ended(const seam::clock::time_point* until) const noexcept;

  // None: it runs. look() leaves it as it is; reap() gives its number back to the system.
  std::optional<Ending> look() const noexcept;
  std::optional<Ending> reap() const noexcept;

  // Return 0 or the error number of the system.
  int send_signal(int signal) const noexcept;
  int send_signal_to_group(int signal) const noexcept;  // which the child leads

 private:
  int pid_ = -1;
  Handle handle_;
};

// Starts a child. Nothing of it is left when that fails.
std::optional<SpawnError> spawn(const SpawnPlan& plan, Process& process);

// Python's name of a signal: "SIGKILL". nullptr: it has none.
const char* signal_name(int signal) noexcept;

// ---- what this system can do ----

// Found out once, when it is needed. For tests, which have the ways round tried as well.
struct Abilities {
  bool shared_memory_children = true;  // a child can share the parent's memory until it executes
  bool child_handles = true;           // a child has a handle
  bool clear_handlers = true;  // a child can be born without its parent's handlers of signals
  bool close_range = true;     // descriptors can be closed by ranges
};
Abilities abilities() noexcept;
// What it cannot do is not tried; nothing is found out by this.
void restrict_abilities(Abilities allowed) noexcept;

}  // namespace tandem::inline v1::platform
