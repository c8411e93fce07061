// Starting a process by fork(): the child is a copy, and goes on in here.
#include "platform/fork.hpp"

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

#include "multiprocessing/process_state.hpp"
#include "platform/sanitizers.hpp"
#include "platform/system.hpp"
#include "platform/thread.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

#ifdef TANDEM_TSAN
constexpr unsigned sanitizers_threads = 1;
#else
constexpr unsigned sanitizers_threads = 0;
#endif

// Python says it where the interpreter shows this kind of warning, once for each place.
void warn_of_threads() {
  if (!platform::has_other_threads(sanitizers_threads)) return;
  static seam::atomic<bool> said{false};
  if (said.exchange(true)) return;
  log("DeprecationWarning: This process (pid=" + std::to_string(platform::process_id()) +
      ") is multi-threaded, use of fork() may lead to deadlocks in the child.");
}

// The process that forked, as the child knows it. Must be called before fork().
std::shared_ptr<ProcessState> as_parent() {
  auto parent = std::make_shared<ProcessState>();
  parent->kind = ProcessKind::parent;
  parent->parent_pid = platform::process_id();
  return parent;
}

[[noreturn]] void go_on_as_child(const std::shared_ptr<ProcessState>& state,
                                 const std::shared_ptr<multiprocessing::Process>& object,
                                 std::shared_ptr<ProcessState> parent) noexcept {
  begin_as_copy();
  // A parent that has ended meanwhile is not found, or is another one by now.
  platform::Handle sentinel = platform::open_process(parent->parent_pid);
  if (platform::parent_process_id() != parent->parent_pid) sentinel.reset();
  parent->parent_sentinel = std::make_shared<const platform::Handle>(std::move(sentinel));
  parent->name = state->creator_name;
  ProcessBook::get().become(state, std::move(parent));
  force_start_method(StartMethod::fork);
  end_copy(run_here(state, object));
}

}  // namespace

std::shared_ptr<Running> start_by_fork(const std::shared_ptr<ProcessState>& state,
                                       const std::shared_ptr<multiprocessing::Process>& object) {
  if (!state->is_worker) warn_of_threads();
  auto parent = as_parent();
  platform::flush_standard_streams();
  return own_child([&] {
    const int pid = platform::fork_process();
    if (pid == 0) go_on_as_child(state, object, std::move(parent));
    if (pid == -1) throw_os_error(errno);
    return platform::Process(pid, platform::Handle());
  });
}

}  // namespace tandem::inline v1::multiprocessing::detail
