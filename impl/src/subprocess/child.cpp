#include "subprocess/child.hpp"

#include <cerrno>
#include <utility>
#include <vector>

#include "platform/thread.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"

namespace tandem::inline v1::subprocess::detail {

std::optional<int> Child::returncode() const noexcept {
  if (ended_.load(std::memory_order_seq_cst) == 0) return {};
  return returncode_.load(std::memory_order_relaxed);  // relaxed: ended_ orders it
}

// Whether this is a child of fork(), which has not its parent's children: as where others have
// taken the status, and without mutex_, which a thread that is no more may hold here.
bool Child::is_parents() noexcept {
  if (generation_ == process_generation) return false;
  if (!returncode()) ended_.store(1, std::memory_order_seq_cst);
  return true;
}

std::optional<int> Child::poll() noexcept {
  if (!returncode() && !is_parents()) {
    const std::scoped_lock guard(mutex_);
    look();
  }
  return returncode();
}

// With mutex_ held.
void Child::look() noexcept {
  if (returncode()) return;
  if (const auto ending = watched_ ? process_.look() : process_.reap()) publish(*ending);
}

// With mutex_ held.
void Child::publish(const platform::Process::Ending& ending) noexcept {
  // Whoever took the status of a child away from us leaves 0, as in CPython.
  // relaxed: ended_ orders it
  returncode_.store(!ending.known ? 0 : ending.by_signal ? -ending.value : ending.value,
                    std::memory_order_relaxed);
  ended_.store(1, std::memory_order_seq_cst);
  if (watched_) unpark_all(ended_);
  if (sleepers_ == 0) process_.forget();
}

bool Child::wait(Deadline until) {
  if (returncode() || is_parents()) return true;
  std::unique_lock guard(mutex_);
  look();
  while (!returncode() && !until.passed()) {
    if (watched_ || !process_.obtain_handle()) return wait_for_watcher(guard, until);
    sleep(guard, until);
    look();
  }
  if (returncode() && sleepers_ == 0) process_.forget();
  return returncode().has_value();
}

// By the handle, which is there for as long as somebody sleeps.
void Child::sleep(std::unique_lock<Mutex>& guard, Deadline until) noexcept {
  ++sleepers_;
  guard.unlock();
  {
    const ParkedInSystem parked;
    const auto when = until.when();
    process_.sleep_until_ended(until.is_never() ? nullptr : &when);
  }
  guard.lock();
  --sleepers_;
}

bool Child::wait_for_watcher(std::unique_lock<Mutex>& guard, Deadline until) {
  if (!watched_) start_watcher();
  guard.unlock();
  while (!returncode())
    if (!park(ended_, 0, until)) return returncode().has_value();
  return true;
}

// With mutex_ held.
void Child::start_watcher() {
  auto self = std::make_unique<std::shared_ptr<Child>>(shared_from_this());
  const auto body = [](void* child) {
    const std::unique_ptr<std::shared_ptr<Child>> owned(
        static_cast<std::shared_ptr<Child>*>(child));
    platform::detach_thread(platform::thread_ident());
    (*owned)->watch();
  };
  if (platform::start_hidden_thread(body, self.get()) != 0)
    throw RuntimeError("can't start new thread");
  self.release();  // the thread's now
  watched_ = true;
}

void Child::watch() noexcept {
  platform::Process(pid(), platform::Handle()).sleep_until_ended(nullptr);
  const std::scoped_lock guard(mutex_);
  const auto ending = process_.reap();  // first: who is told of the end finds it done
  if (ending && !returncode()) publish(*ending);
}

bool Child::duplicate_handle(platform::Handle& duplicate) noexcept {
  if (is_parents()) return false;
  const std::scoped_lock guard(mutex_);
  if (returncode() || watched_ || !process_.obtain_handle()) return false;
  return platform::duplicate_handle(process_.handle(), duplicate) == 0;
}

void Child::send_signal(int signal) {
  if (is_parents()) return;
  const std::scoped_lock guard(mutex_);
  look();
  if (returncode()) return;
  const int error = process_.send_signal(signal);
  if (error != 0 && error != ESRCH) throw_os_error(error);
}

void Child::send_signal_to_group(int signal) {
  if (is_parents()) return;
  const std::scoped_lock guard(mutex_);
  // Others may have taken the status, and the number may be somebody else's.
  if (const auto ending = process_.look(); ending && !ending->known) look();
  if (returncode()) return;
  const int error = process_.send_signal_to_group(signal);
  if (error != 0 && error != ESRCH) throw_os_error(error);
}

// ---- orphans ----

namespace {

struct Orphans {
  ForkSafeMutex mutex{ForkStage::core};
  std::vector<std::shared_ptr<Child>> children;  // guarded by mutex
  seam::atomic<std::size_t> count{0};  // of them; to know without the mutex that none is there

  // A child of fork() has not its parent's children.
  ForkReset forget_in_child{ForkStage::core, [] {
                              get().children.clear();
                              get().count.store(0, std::memory_order_seq_cst);
                            }};

  static Orphans& get() {
    static Orphans& forever = *new Orphans;  // never destroyed: statics start children, too
    return forever;
  }
};
[[maybe_unused]] const Orphans& orphans_at_start = Orphans::get();

}  // namespace

void adopt_orphan(std::shared_ptr<Child> child) {
  Orphans& orphans = Orphans::get();
  const std::scoped_lock guard(orphans.mutex);
  orphans.children.push_back(std::move(child));
  orphans.count.store(orphans.children.size(), std::memory_order_seq_cst);
}

void reap_orphans() {
  Orphans& orphans = Orphans::get();
  if (orphans.count.load(std::memory_order_seq_cst) == 0) return;
  const std::scoped_lock guard(orphans.mutex);
  std::erase_if(orphans.children, [](const auto& child) { return child->poll().has_value(); });
  orphans.count.store(orphans.children.size(), std::memory_order_seq_cst);
}

}  // namespace tandem::inline v1::subprocess::detail
