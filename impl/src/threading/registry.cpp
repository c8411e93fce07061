// The book of the threads that are alive; what becomes of them at the end and in a forked child.
#include <algorithm>
#include <mutex>
#include <utility>

#include "platform/thread.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/exit.hpp"
#include "tandem/threading/detail/this_thread.hpp"
#include "threading/thread_state.hpp"

namespace tandem::inline v1::detail {

// The words of each thread (threading/detail/this_thread.hpp), and one that only this file knows.
constinit thread_local std::uint64_t this_thread_ident = 0;
constinit thread_local LocalTable* this_thread_locals = nullptr;

namespace {

// A plain pointer on purpose: readable until the thread's very end. The registry owns what it
// points to, or the thread's own stack does.
constinit thread_local ThreadState* current = nullptr;
[[maybe_unused]] const bool ident_of_each_thread = seam::thread_word(this_thread_ident) &&
                                                   seam::thread_word(this_thread_locals) &&
                                                   seam::thread_word(current);

// The main thread is best met while it initialises statics; another may be first to ask later.
[[maybe_unused]] const bool met_main_thread = (ThreadRegistry::get(), true);

void add_to(std::list<std::shared_ptr<ThreadState>>& states,
            const std::shared_ptr<ThreadState>& state, ThreadState::Listed listed) {
  state->place = states.insert(states.end(), state);
  state->listed = listed;
}

}  // namespace

std::uint64_t learn_this_thread_ident() noexcept {
  return this_thread_ident = platform::thread_ident();
}

ThreadState* current_thread_state() noexcept {
  if (!current && platform::is_main_thread()) {
    const auto main = ThreadRegistry::get().main();
    if (main->native_id.load(std::memory_order_relaxed) == 0)  // relaxed: ours alone to set
      main->take_numbers();
    current = main.get();
  }
  return current;
}

void set_current_thread_state(ThreadState* state) noexcept { current = state; }

ThreadRegistry& ThreadRegistry::get() {
  static ThreadRegistry& forever = *new ThreadRegistry;  // never destroyed: daemons outlive statics
  return forever;
}

ThreadRegistry::ThreadRegistry()
    : ForkAware(ForkStage::threading),
      main_(std::make_shared<ThreadState>(ThreadKind::main, Target(), "MainThread", false)) {
  main_->phase.store(ThreadState::started, std::memory_order_relaxed);  // relaxed: not shared yet
  add_to(alive_, main_, ThreadState::Listed::alive);
  if (platform::is_main_thread()) {
    main_->take_numbers();
    current = main_.get();
  }
}

void ThreadRegistry::add(const std::shared_ptr<ThreadState>& state) {
  if (state->kind == ThreadKind::own) {
    register_exit_hook();
    reap_some();
  }
  state->generation = process_generation;
  std::scoped_lock guard(mutex_);
  if (closed_ && state->kind == ThreadKind::own)
    throw RuntimeError("can't create new thread at interpreter shutdown");
  add_to(alive_, state, ThreadState::Listed::alive);
}

void ThreadRegistry::register_exit_hook() {
  std::scoped_lock guard(mutex_);
  if (exit_hook_) return;
  at_exit(ExitStage::leftovers, [] { get().abandon_others(); });
  at_exit(ExitStage::threads, [] { get().join_all(); });
  exit_hook_ = true;
}

void ThreadRegistry::withdraw(ThreadState& state) noexcept {
  States gone;  // destroyed after the guard
  std::scoped_lock guard(mutex_);
  state.listed = ThreadState::Listed::nowhere;
  gone.splice(gone.end(), alive_, state.place);
}

void ThreadRegistry::remove(ThreadState& state) noexcept {
  States gone;  // destroyed after the guard
  std::scoped_lock guard(mutex_);
  if (state.listed != ThreadState::Listed::alive) return;
  // relaxed: fixed before the start.
  const bool wait_at_exit =
      state.kind == ThreadKind::own && !state.daemon.load(std::memory_order_relaxed);
  state.listed = wait_at_exit ? ThreadState::Listed::ended : ThreadState::Listed::nowhere;
  States& to = wait_at_exit ? ended_ : gone;
  to.splice(to.end(), alive_, state.place);
}

void ThreadRegistry::forget(ThreadState& state) noexcept {
  States gone;  // destroyed after the guard
  std::scoped_lock guard(mutex_);
  if (state.listed != ThreadState::Listed::ended) return;
  state.listed = ThreadState::Listed::nowhere;
  gone.splice(gone.end(), ended_, state.place);
}

// Gives back threads that nobody has a handle on any more. Two for each new one: so they are few.
void ThreadRegistry::reap_some() {
  States gone;  // destroyed after the guard
  std::scoped_lock guard(mutex_);
  for (int turn = 0; turn < 2 && !ended_.empty(); ++turn) {
    const bool can_go = ended_.front().use_count() == 1 && ended_.front()->try_reap();
    if (can_go) ended_.front()->listed = ThreadState::Listed::nowhere;
    States& to = can_go ? gone : ended_;
    to.splice(to.end(), ended_, ended_.begin());
  }
}

std::vector<std::shared_ptr<ThreadState>> ThreadRegistry::all() const {
  std::scoped_lock guard(mutex_);
  return {alive_.begin(), alive_.end()};
}

std::size_t ThreadRegistry::size() const {
  std::scoped_lock guard(mutex_);
  return alive_.size();
}

std::shared_ptr<ThreadState> ThreadRegistry::main() const {
  std::scoped_lock guard(mutex_);
  return main_;
}

std::shared_ptr<ThreadState> ThreadRegistry::next_to_join() {
  std::scoped_lock guard(mutex_);
  const auto waits_for = [](const std::shared_ptr<ThreadState>& state) {
    return state->kind == ThreadKind::own && state.get() != current &&
           !state->daemon.load(std::memory_order_relaxed);  // relaxed: fixed before the start
  };
  for (const States* states : {&ended_, &alive_}) {
    const auto found = std::find_if(states->begin(), states->end(), waits_for);
    if (found != states->end()) return *found;
  }
  closed_ = true;
  return nullptr;
}

void ThreadRegistry::join_all() {
  if (current == main().get()) main_->become_stopped();  // for those that wait for the main thread
  while (const auto state = next_to_join()) {
    state->wait_until_stopped(Deadline::never());
    state->reap();
    forget(*state);
  }
}

void ThreadRegistry::abandon_others() {
  // Daemons are in the book. Those among them that have only thread_local destructors to run, and
  // foreign threads, the system alone knows.
  const std::size_t own = current ? 1 : 0;
  if (size() > own || platform::has_other_threads()) abandon_threads();
}

void ThreadRegistry::after_fork_in_child() noexcept {
  keep_only_the_forking_thread();
  mutex_.unlock();
}

void ThreadRegistry::keep_only_the_forking_thread() {
  States lost;
  lost.swap(alive_);
  lost.splice(lost.end(), ended_);
  for (const auto& state : lost) {
    if (state.get() == current) continue;
    state->become_stopped();
    state->listed = ThreadState::Listed::nowhere;
  }
  if (!current) {
    main_ = std::make_shared<ThreadState>(ThreadKind::main, Target(), "MainThread", false);
    main_->phase.store(ThreadState::started, std::memory_order_relaxed);  // relaxed: alone here
    add_to(alive_, main_, ThreadState::Listed::alive);
    current = main_.get();
  } else {
    main_ = *current->place;
    alive_.splice(alive_.end(), lost, current->place);
    main_->become_main();
  }
  main_->take_numbers();
}

}  // namespace tandem::inline v1::detail
