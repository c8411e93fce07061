// A child as all that know of it share it: who waits for it, who signals it, what became of it.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "platform/process.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::subprocess::detail {

using namespace v1::detail;

// Threads sleep by the child's handle, any number of them, and reap it one at a time: whoever comes
// first publishes the returncode. A signal is sent while nobody can reap, so the number is the
// child's.
//
// Where no handle is to be had (an old system, too many open files) a thread of its own, the
// watcher, sleeps instead, and the others park until it publishes. Then only the watcher reaps, for
// as long as it may be asleep the number must not be given back: the others just look.
class Child : public std::enable_shared_from_this<Child> {
 public:
  explicit Child(platform::Process process = {}) noexcept : process_(std::move(process)) {}
  // Before anybody knows of it.
  void set(platform::Process process) noexcept { process_ = std::move(process); }

  int pid() const noexcept { return process_.pid(); }

  // Minus the signal's number of a child that a signal has killed. Asks nobody.
  std::optional<int> returncode() const noexcept;
  std::optional<int> poll() noexcept;
  // Returns false iff the deadline has passed.
  // Throws   RuntimeError (a watcher is needed, but no thread is left).
  bool wait(Deadline until);

  // A handle of one's own, which becomes readable when the child has ended, reaped or not. False:
  // there is none to be had; wait() then.
  bool duplicate_handle(platform::Handle& duplicate) noexcept;

  // Throws   OSError. One that has ended is not signalled.
  void send_signal(int signal);
  // The process group that the child leads: also where the child itself has ended, but was not
  // reaped.
  void send_signal_to_group(int signal);

 private:
  bool is_parents() noexcept;
  void look() noexcept;
  void publish(const platform::Process::Ending& ending) noexcept;
  void sleep(std::unique_lock<Mutex>& guard, Deadline until) noexcept;
  bool wait_for_watcher(std::unique_lock<Mutex>& guard, Deadline until);
  void start_watcher();
  void watch() noexcept;

  Mutex mutex_;
  platform::Process process_;  // guarded by mutex_, but for its sleepers
  unsigned sleepers_ = 0;      // use the handle without holding mutex_; guarded by mutex_
  bool watched_ = false;       // guarded by mutex_
  const std::uint32_t generation_ = process_generation;  // of the process whose child it is
  seam::atomic<int> returncode_{0};                      // written before ended_
  seam::atomic<std::uint32_t> ended_{0};
};

// Children that ended or will end without anybody having waited for them: Python's _active.
void adopt_orphan(std::shared_ptr<Child> child);
// Reaps those of them that have ended.
void reap_orphans();

}  // namespace tandem::inline v1::subprocess::detail
