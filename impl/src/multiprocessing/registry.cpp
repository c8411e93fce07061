// The book of the processes that this one has started, and what becomes of them at its end.
#include <algorithm>
#include <array>
#include <mutex>

#include "multiprocessing/finalizers.hpp"
#include "multiprocessing/process_state.hpp"
#include "multiprocessing/ring.hpp"
#include "platform/fork.hpp"
#include "platform/system.hpp"
#include "tandem/core/exit.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

std::string random_key() {
  std::array<char, 32> key;
  platform::fill_randomly(key.data(), key.size());
  return {key.begin(), key.end()};
}

}  // namespace

ProcessBook& ProcessBook::get() {
  static ProcessBook& forever = *new ProcessBook;  // never destroyed: statics start processes, too
  return forever;
}

namespace {
[[maybe_unused]] const ProcessBook& process_book_at_start = ProcessBook::get();
}

ProcessBook::ProcessBook() : current_(std::make_shared<ProcessState>()) {
  current_->kind = ProcessKind::main;
  current_->name = "MainProcess";
}

std::shared_ptr<ProcessState> ProcessBook::current() {
  const std::scoped_lock guard(mutex_);
  if (!current_->authkey) current_->authkey = random_key();
  return current_;
}

std::shared_ptr<ProcessState> ProcessBook::parent() {
  const std::scoped_lock guard(mutex_);
  return parent_;
}

std::shared_ptr<ProcessState> ProcessBook::make() {
  auto state = std::make_shared<ProcessState>();
  const auto maker = current();
  const std::scoped_lock guard(mutex_);
  state->identity = maker->identity;
  state->identity.push_back(++made_);
  state->creator = platform::process_id();
  state->creator_name = name_of(*maker);
  state->daemon = maker->daemon;
  state->authkey = maker->authkey;
  return state;
}

std::vector<std::shared_ptr<ProcessState>> ProcessBook::alive() {
  std::unique_lock guard(mutex_);
  std::vector<std::shared_ptr<ProcessState>> children(children_.begin(), children_.end());
  guard.unlock();
  std::erase_if(children, [this](const std::shared_ptr<ProcessState>& child) {
    std::unique_lock own(mutex_);
    const auto running = child->running;
    own.unlock();
    const bool ended = running && running->poll();
    if (ended) remove(child);
    return ended;
  });
  return children;
}

void ProcessBook::add(Children child) noexcept {
  const std::scoped_lock guard(mutex_);
  children_.splice(children_.end(), child);
}

void ProcessBook::remove(const std::shared_ptr<ProcessState>& child) {
  note_death();
  const std::scoped_lock guard(mutex_);
  std::erase(children_, child);
}

void ProcessBook::become(std::shared_ptr<ProcessState> current,
                         std::shared_ptr<ProcessState> parent) {
  const std::scoped_lock guard(mutex_);
  current_ = std::move(current);
  parent_ = std::move(parent);
  made_ = 0;
}

void ProcessBook::start_counting() {
  const std::scoped_lock guard(mutex_);
  made_ = 0;
}

void ProcessBook::register_exit_hook() {
  const std::scoped_lock guard(registering_);
  if (exit_hook_) return;
  at_exit(ExitStage::processes, [] { get().finish(); });
  exit_hook_ = true;
}

void ProcessBook::finish() {
  run_finalizers(0);
  for (const auto& child : alive()) {
    const auto handle = ProcessAccess::handle(child);
    if (handle.daemon()) handle.terminate();
  }
  for (const auto& child : alive()) ProcessAccess::handle(child).join();
  run_remaining_finalizers();
}

}  // namespace tandem::inline v1::multiprocessing::detail
