// What all handles on one thread share, and the book of those that are alive.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::detail {

enum class ThreadKind { own, main, dummy };  // started by us, the first one, a foreign one

struct ThreadState : std::enable_shared_from_this<ThreadState> {
  // phase: 0 not started | 1 start() was called | 2 run() has ended, nothing follows but the
  // thread_local destructors. Joiners park on it while it is 1.
  static constexpr std::uint32_t initial = 0, started = 1, stopped = 2;

  ThreadState(ThreadKind of_kind, Target to_run, std::string named, bool is_daemon)
      : kind(of_kind), target(std::move(to_run)), daemon(is_daemon), name_(std::move(named)) {}
  ThreadState(const ThreadState&) = delete;
  ThreadState& operator=(const ThreadState&) = delete;
  ~ThreadState();

  std::string name() const;
  void name(std::string name);
  // Called by the thread itself, before anything else runs in it.
  void take_numbers();
  void become_stopped() noexcept;
  // Returns false iff the deadline has passed. True also when the system refused the thread.
  bool wait_until_stopped(Deadline until) noexcept;
  // Gives the thread back to the system, once, when it has stopped: its thread_local destructors
  // have run then.
  void reap() noexcept;
  // The same without waiting; false: it has not come so far.
  bool try_reap() noexcept;
  // In a child of fork(): this is the thread that forked.
  void become_main();

  ThreadKind kind;
  seam::atomic<std::uint32_t> phase{initial};
  seam::atomic<std::uint64_t> ident{0};                          // 0: not known yet
  static constexpr std::uint32_t no_number = ~std::uint32_t{0};  // in native_id: start() failed
  seam::atomic<std::uint32_t> native_id{0};  // 0: the thread has not come so far; askers park on it
  Target target;  // from start() on the thread's alone; gone with its end
  seam::atomic<bool> daemon;

  // Set by make_thread() before anybody else has a handle; the type by Timer, too.
  std::weak_ptr<threading::Thread> object;
  const std::type_info* type = nullptr;
  // A handle was sliced off a subclass that nobody owns: run() is out of reach.
  seam::atomic<bool> sliced{false};

  // The registry's, under its mutex: where this stands, in which of its lists.
  enum class Listed { nowhere, alive, ended } listed = Listed::nowhere;
  std::list<std::shared_ptr<ThreadState>>::iterator place;
  // Set before the start: the process that it runs in. In a child of that one its ident may be
  // another thread's.
  std::uint32_t generation = process_generation;

 private:
  bool can_be_reaped() const noexcept;

  std::string name_;     // guarded by a mutex of all threads
  Mutex reaping_;        // held while the system ends the thread
  bool reaped_ = false;  // guarded by reaping_
};

// The threads that are alive, in the order of their start, the main one first.
class ThreadRegistry final : ForkAware {
 public:
  static ThreadRegistry& get();

  // Throws   RuntimeError (the program ends and has joined its threads).
  void add(const std::shared_ptr<ThreadState>& state);
  void withdraw(ThreadState& state) noexcept;  // it could not be started
  void remove(ThreadState& state) noexcept;    // it is not alive any more
  void forget(ThreadState& state) noexcept;    // somebody joined it
  std::vector<std::shared_ptr<ThreadState>> all() const;
  std::size_t size() const;
  std::shared_ptr<ThreadState> main() const;

  // Has join_all() called at the end of the program; once, however often it is asked for.
  void register_exit_hook();
  // At the end of the program: waits for all that are no daemons, also for those that they start.
  void join_all();
  void abandon_others();

 private:
  using States = std::list<std::shared_ptr<ThreadState>>;

  ThreadRegistry();
  void before_fork() noexcept override { mutex_.lock(); }
  void after_fork_in_parent() noexcept override { mutex_.unlock(); }
  void after_fork_in_child() noexcept override;
  void reap_some();
  std::shared_ptr<ThreadState> next_to_join();
  void keep_only_the_forking_thread();

  mutable Mutex mutex_;
  States alive_;                       // guarded by mutex_
  States ended_;                       // guarded by mutex_: no daemons, and perhaps not reaped yet
  std::shared_ptr<ThreadState> main_;  // guarded by mutex_
  bool closed_ = false;                // guarded by mutex_: no thread may start
  bool exit_hook_ = false;             // guarded by mutex_
};

// The calling thread, without a dummy for a foreign one: null.
ThreadState* current_thread_state() noexcept;
void set_current_thread_state(ThreadState* state) noexcept;

struct ThreadAccess {
  static threading::Thread handle(std::shared_ptr<ThreadState> state) {
    return threading::Thread(std::move(state));
  }
  static void run(threading::Thread& thread) { thread.run(); }
  static const void* identity(const threading::Thread& thread) { return thread.state_.get(); }
};

}  // namespace tandem::inline v1::detail
