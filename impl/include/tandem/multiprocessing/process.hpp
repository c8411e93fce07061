// Python's multiprocessing.Process, and the functions beside it.
#pragma once
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "tandem/core/callable.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/target.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {
struct ProcessState;   // what all handles on one process share
struct ProcessAccess;  // the library's own way into a Process
}  // namespace detail

// Python's keyword arguments of Process().
struct ProcessOptions {
  // Any call without arguments, or call(f, args...); none: nothing. Fork runs it as it is; for the
  // other start methods it has to be portable: a function, a lambda that captures nothing, or a
  // call() of one, with arguments that can be pickled.
  detail::Target target{};
  std::string name{};            // empty: "Process-N", for a child's children "Process-N:M"
  std::optional<bool> daemon{};  // none: as the process that makes this one
};

// A process that this one starts. A handle: a copy is the same process, a move is a copy, none is
// empty. A subclass overrides run() and is made by make_process().
//
// A process that is no daemon is joined when this process ends; a daemon gets SIGTERM then, and may
// have no children.
// Threads  all members may be called from any thread at once.
// Spec     multiprocessing.process
class TANDEM_API Process {
 public:
  explicit Process(ProcessOptions options = {});
  // Calls f(args...), bound by value.
  template <class F, class... A>
  requires detail::Callee<F, A...>
  explicit Process(F&& f, A&&... args)
      : Process(ProcessOptions{.target = call(std::forward<F>(f), std::forward<A>(args)...)}) {}
  Process(const Process& other);
  Process& operator=(const Process& other);
  virtual ~Process();  // waits for nothing

  // What the process does: calls the target. The one member that is not const: a subclass keeps its
  // state here. May be called without a process as well.
  // In the process: an exception that leaves it is printed to the log sink, and the exit code is 1;
  // SystemExit's is its own.
  virtual void run();

  // Has run() called in a new process.
  // Throws   AssertionError (started before; made by another process; this process is a daemon);
  //          ValueError (closed); PicklingError (the target, or the subclass, is not portable and
  //          the start method is not fork); RuntimeError (a subclass that make_process() does not
  //          own; this process itself is one that has not come to freeze_support() yet); OSError
  //          (there is no process to be had).
  // Spec     multiprocessing.process.start
  void start() const;

  // Waits until the process has ended.
  //   timeout  longest wait; default for ever; zero or less polls. Ask exitcode() afterwards.
  // Throws   AssertionError (not started; not a child of this process); ValueError (closed).
  // Spec     multiprocessing.process.join
  void join(Timeout timeout = {}) const;

  // From start() until it has ended. Of this process itself: true.
  // Throws   AssertionError (not a child of this process); ValueError (closed).
  bool is_alive() const;

  // SIGTERM; the default of that ends the process without exit hooks or destructors, and its own
  // children stay.
  // Throws   AttributeError (not started); ValueError (closed).
  // Spec     multiprocessing.process.terminate
  void terminate() const;
  // SIGKILL.
  void kill() const;

  // Gives back what the handle holds. All members but name, daemon and authkey throw ValueError
  // then.
  // Throws   ValueError (it runs).
  // Spec     multiprocessing.process.close
  void close() const;

  // None before start().
  std::optional<int> pid() const;
  std::optional<int> ident() const { return pid(); }
  // None before the process has ended; -N: ended by signal N.
  std::optional<int> exitcode() const;
  // A descriptor that can be read as soon as the process has ended: for poll() and
  // connection::wait(). It is the handle's; valid until close().
  // Throws   ValueError (not started; closed).
  int sentinel() const;

  std::string name() const;
  void name(std::string name) const;

  bool daemon() const;
  // Throws   AssertionError (started already).
  void daemon(bool daemon) const;

  // The key that Listener and Client of the process know each other by: bytes; at first that of the
  // process that makes this one. The main process has a random one.
  std::string authkey() const;
  void authkey(std::string authkey) const;

  // Whether both are the same process.
  TANDEM_API friend bool operator==(const Process& a, const Process& b);
  // Python's repr: "<Process name='Process-1' pid=12 parent=11 started>".
  TANDEM_API friend std::string to_string(const Process& process);
  friend std::ostream& operator<<(std::ostream& out, const Process& process) {
    return out << to_string(process);
  }

 private:
  friend struct detail::ProcessAccess;
  template <std::derived_from<Process> T, class... A>
  requires std::constructible_from<T, A...>
  friend std::shared_ptr<T> make_process(A&&... args);
  friend class Context;

  explicit Process(std::shared_ptr<detail::ProcessState> state);
  Process(ProcessOptions options, detail::StartMethod method);
  static void own(const std::shared_ptr<Process>& process, detail::ObjectPickling pickling,
                  std::optional<detail::StartMethod> method = {});

  std::shared_ptr<detail::ProcessState> state_;  // never null
};

// Makes a process of a subclass. start() hands the object over: fork as it is; the other start
// methods if it can be pickled.
template <std::derived_from<Process> T, class... A>
requires std::constructible_from<T, A...> std::shared_ptr<T> make_process(A&&... args) {
  auto process = std::make_shared<T>(std::forward<A>(args)...);
  Process::own(process, detail::object_pickling<T>());
  return process;
}

// This process. Its name is "MainProcess", unless multiprocessing has started it.
// Spec     multiprocessing.process.current
TANDEM_API Process current_process();
// The process that has started this one; none: multiprocessing has not. Of it there are name(),
// pid(), sentinel(), is_alive() and join().
// Spec     multiprocessing.process.parent
TANDEM_API std::optional<Process> parent_process();
// The processes that this one has started and that have not ended. Those that have are waited for.
// Spec     multiprocessing.process.active-children
TANDEM_API std::vector<Process> active_children();
// How many processors the machine has.
// Throws   NotImplementedError (unknown).
TANDEM_API int cpu_count();

// ---- what a Context makes ----

template <class F, class... A>
requires detail::Callee<F, A...>
auto Context::Process(F&& f, A&&... args) const {
  return Process(ProcessOptions{.target = call(std::forward<F>(f), std::forward<A>(args)...)});
}

template <class T, class... A>
auto Context::make_process(A&&... args) const {
  auto process = std::make_shared<T>(std::forward<A>(args)...);
  multiprocessing::Process::own(process, detail::object_pickling<T>(), method_);
  return process;
}

}  // namespace tandem::inline v1::multiprocessing

template <>
struct std::hash<tandem::multiprocessing::Process> {
  TANDEM_API std::size_t operator()(const tandem::multiprocessing::Process& process) const noexcept;
};
