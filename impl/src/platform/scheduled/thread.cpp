// Threads under the scheduler; and what a run leaves behind.
#include "platform/thread.hpp"

#include <cerrno>
#include <utility>

#include "platform/scheduled/scheduler.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1 {

namespace platform {

namespace {

using scheduled::Scheduler;

constexpr std::uint64_t host_ident = 1;
constinit bool has_started = false;
using EndAct = void (*)();
constinit EndAct end_act = nullptr;
constinit thread_local bool wants_end_act = false;
[[maybe_unused]] const bool end_of_each_thread = seam::thread_word(wants_end_act);

struct ForkHooks {
  void (*before)();
  void (*child)();
};
constinit ForkHooks fork_hooks[8] = {};
constinit std::size_t fork_hook_count = 0;

}  // namespace

int start_thread(void (*body)(void*), void* argument, std::size_t) noexcept {
  Scheduler* const scheduler = Scheduler::current();
  if (!scheduler) return EAGAIN;
  has_started = true;
  scheduler->start([body, argument] {
    body(argument);
    while (std::exchange(wants_end_act, false)) end_act();
  });
  scheduler->decide(scheduled::Point::operation);
  return 0;
}

bool is_stack_size(std::size_t) noexcept { return true; }

void at_thread_end(void (*act)()) noexcept {
  end_act = act;
  wants_end_act = true;
}

bool try_join_thread(std::uint64_t ident) noexcept {
  Scheduler* const scheduler = Scheduler::current();
  return !scheduler || scheduler->has_ended(ident);
}
void join_thread(std::uint64_t ident) noexcept {
  if (Scheduler* const scheduler = Scheduler::current()) scheduler->join(ident);
}
void detach_thread(std::uint64_t) noexcept {}

std::uint64_t thread_ident() noexcept {
  Scheduler* const scheduler = Scheduler::current();
  return scheduler ? scheduler->ident() : host_ident;
}
std::uint32_t native_thread_id() noexcept { return static_cast<std::uint32_t>(thread_ident()); }

bool is_main_thread() noexcept {
  Scheduler* const scheduler = Scheduler::current();
  return !scheduler || scheduler->running() == 0;
}

// No program ends within a run.
bool has_other_threads(unsigned) noexcept { return Scheduler::current() != nullptr; }

void name_this_thread(const char*) noexcept {}

void on_fork(void (*before)(), void (*)(), void (*child)()) noexcept {
  fork_hooks[fork_hook_count++] = {before, child};
}

}  // namespace platform

namespace scheduled {

namespace {

// After a run the world is that of a forked child: the run's threads do not exist any more, some
// of which may have been abandoned where they stood.
void forget_threads() noexcept {
  if (!platform::has_started) return;
  platform::has_started = false;
  for (std::size_t i = 0; i < platform::fork_hook_count; ++i) platform::fork_hooks[i].before();
  for (std::size_t i = platform::fork_hook_count; i-- > 0;) platform::fork_hooks[i].child();
}

}  // namespace

Record run(Policy& policy, const Options& options, std::span<const std::function<void()>> bodies) {
  Record record = Scheduler(policy, options).run(bodies);
  forget_threads();
  return record;
}

}  // namespace scheduled
}  // namespace tandem::inline v1
