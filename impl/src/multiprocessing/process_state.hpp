// What all handles on one process share, and the book of those that this process has started.
#pragma once
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <vector>

#include "multiprocessing/running.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/multiprocessing/process.hpp"

namespace tandem::inline v1::multiprocessing::detail {

enum class ProcessKind {
  own,   // of Process(): to be started, or this process itself where it was started so
  main,  // this process, which multiprocessing has not started
  parent
};

// The number of a process among those that its parent has made, after its parent's: {2, 1}.
using Identity = std::vector<int>;

// Not guarded is what is set before anybody else has a handle, and what start() alone uses.
struct ProcessState {
  ProcessKind kind = ProcessKind::own;
  Identity identity{};
  std::optional<int> creator{};  // the pid of the process that has made this
  std::string creator_name{};

  // Set by make_process().
  std::weak_ptr<multiprocessing::Process> object{};
  ObjectPickling pickling{};
  const std::type_info* type = nullptr;
  std::optional<StartMethod> method{};  // of a context's class; none: what is set at the start
  // A handle was sliced off a subclass that nobody owns: run() is out of reach.
  seam::atomic<bool> sliced{false};

  Target target{};
  bool runs_once = false;  // in the process that was started
  bool is_worker = false;  // of a pool: its start by fork warns of no threads, as Python's

  // ---- guarded by the book's mutex ----
  std::string name{};  // empty: the usual one
  bool daemon = false;
  std::optional<std::string> authkey{};
  bool starting = false;
  bool closed = false;
  std::shared_ptr<Running> running{};  // null: not started, or closed
  // Of the parent alone: its number, and what can be read when it has ended.
  int parent_pid = -1;
  std::shared_ptr<const platform::Handle> parent_sentinel{};
};

class ProcessBook {
 public:
  static ProcessBook& get();

  std::shared_ptr<ProcessState> current();
  std::shared_ptr<ProcessState> parent();

  // A process made by this one: its identity and what it has of its maker are filled in.
  std::shared_ptr<ProcessState> make();

  // The children that have not ended; those that have are reaped and struck off.
  std::vector<std::shared_ptr<ProcessState>> alive();
  // A list of one, which is made while the child need not be known yet.
  using Children = std::list<std::shared_ptr<ProcessState>>;
  void add(Children child) noexcept;
  void remove(const std::shared_ptr<ProcessState>& child);

  // In a process that was just started: what it is, and by whom.
  void become(std::shared_ptr<ProcessState> current, std::shared_ptr<ProcessState> parent);
  // What was made until now is not counted.
  void start_counting();

  // Guards the fields of all states. No other lock is taken under it.
  ForkSafeMutex& mutex() noexcept { return mutex_; }

  // Has what belongs to the end of this process done at its end, once.
  void register_exit_hook();

 private:
  ProcessBook();
  void finish();

  ForkSafeMutex mutex_{ForkStage::core};
  std::shared_ptr<ProcessState> current_;            // guarded by mutex_
  std::shared_ptr<ProcessState> parent_;             // guarded by mutex_
  Children children_;                                // guarded by mutex_
  int made_ = 0;                                     // guarded by mutex_
  ForkSafeMutex registering_{ForkStage::threading};  // the exit hook's own lock comes later
  bool exit_hook_ = false;                           // guarded by registering_
  ForkReset forget_children_{ForkStage::core, [] { get().children_.clear(); }};
};

struct ProcessAccess {
  static multiprocessing::Process handle(std::shared_ptr<ProcessState> state) {
    return multiprocessing::Process(std::move(state));
  }
  static const std::shared_ptr<ProcessState>& state(const multiprocessing::Process& process) {
    return process.state_;
  }
  // Has the object be the process of that state.
  static void make_same(multiprocessing::Process& object, std::shared_ptr<ProcessState> state) {
    state->type = &typeid(object);
    object.state_ = std::move(state);
  }
};

std::string name_of(const ProcessState& state);
// The name of a class without its namespaces, as Python's __name__.
std::string bare_name(const std::type_info& type);
// As Python's __class__.__name__.
std::string class_name_of(const ProcessState& state, const std::type_info& handle);

// What a process that was started does: run() and all that belongs to its end.
//   object  null: a plain Process
// Returns the exit code.
int run_here(const std::shared_ptr<ProcessState>& state,
             const std::shared_ptr<multiprocessing::Process>& object) noexcept;
// Before and after it in a copy of another process: what that one had registered for its end is
// not called in this one. CPython's order: threads are joined, exit handlers are called, children
// are joined.
void begin_as_copy() noexcept;
[[noreturn]] void end_copy(int exit_code) noexcept;

// The start methods.
//   object  null: a plain Process
// Throws   as Process::start().
std::shared_ptr<Running> start_by_fork(const std::shared_ptr<ProcessState>& state,
                                       const std::shared_ptr<multiprocessing::Process>& object);
std::shared_ptr<Running> start_by_spawn(const std::shared_ptr<ProcessState>& state,
                                        const std::shared_ptr<multiprocessing::Process>& object);
std::shared_ptr<Running> start_by_server(const std::shared_ptr<ProcessState>& state,
                                         const std::shared_ptr<multiprocessing::Process>& object);

// What is set; fork is from now on if nothing is.
StartMethod start_method_in_force();
void force_start_method(StartMethod method);

}  // namespace tandem::inline v1::multiprocessing::detail
