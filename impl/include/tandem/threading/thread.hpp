// Python's threading.Thread, and the functions beside it.
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
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
#include "tandem/threading/detail/target.hpp"

namespace tandem::inline v1 {

namespace detail {
struct ThreadState;   // what all handles on one thread share
struct ThreadAccess;  // the library's own way into a Thread
}  // namespace detail

namespace threading {

class Timer;

// The longest timeout; OverflowError beyond it. Python's value.
inline constexpr std::chrono::nanoseconds TIMEOUT_MAX = std::chrono::seconds(9'223'372'036);

// Python's keyword arguments of Thread().
struct ThreadOptions {
  detail::Target target{};       // any call without arguments, or call(f, args...); none: nothing
  std::string name{};            // empty: "Thread-N", "Thread-N (f)" for a target fn<&f>
  std::optional<bool> daemon{};  // none: as the thread that makes this one
};

// A thread of control. A handle: a copy is the same thread, a move is a copy, none is empty.
// A subclass overrides run() and is made by make_thread(); slicing it gives a handle on its thread.
//
// A thread that is no daemon is joined when the program ends: when main() has returned or exit()
// was called, before the destructors of statics that were complete before the first start(); with a
// main_scope, before all of them. Nobody waits for a daemon: after that it never comes back from
// waiting in a primitive, and may use only what is static (or never destroyed).
// Threads  all members may be called from any thread at once.
// Spec     threading.thread
class TANDEM_API Thread {
 public:
  explicit Thread(ThreadOptions options = {});
  // Calls f(args...), bound by value: std::ref passes a reference.
  template <class F, class... A>
  requires detail::Callee<F, A...>
  explicit Thread(F&& f, A&&... args)
      : Thread(ThreadOptions{.target = call(std::forward<F>(f), std::forward<A>(args)...)}) {}
  Thread(const Thread& other);
  Thread& operator=(const Thread& other);
  virtual ~Thread();  // waits for nothing

  // Has run() called in a new thread of control. The target is destroyed when it has run.
  // Throws   RuntimeError (started before; a subclass that make_thread() does not own; the system
  //          has no thread left; the program ends and has joined its threads).
  // Order    what was done before start() is visible in run().
  // Spec     threading.thread.start
  void start() const;

  // Waits until the thread has ended, its thread_local destructors included; but no timeout waits
  // for these.
  //   timeout  longest wait; default for ever; zero or less polls. Ask is_alive() afterwards.
  // Throws   RuntimeError (not started, the current thread, a foreign one); OverflowError.
  // Order    what the thread did is visible after join() has seen its end.
  // Spec     threading.thread.join
  void join(Timeout timeout = {}) const;

  // From start() until run() has ended.
  // Order    what the thread did is visible to whom it tells false.
  bool is_alive() const;

  // None before start(). May be used again by another thread when this one has ended.
  std::optional<std::uint64_t> ident() const;
  // The system's number of the thread. None before start().
  std::optional<std::uint64_t> native_id() const;

  std::string name() const;
  void name(std::string name) const;

  bool daemon() const;
  // Throws   RuntimeError (started already).
  void daemon(bool daemon) const;

  // Whether both are the same thread.
  TANDEM_API friend bool operator==(const Thread& a, const Thread& b);
  // Python's repr: "<Thread(Thread-1, started 140223)>".
  TANDEM_API friend std::string to_string(const Thread& thread);
  friend std::ostream& operator<<(std::ostream& out, const Thread& thread) {
    return out << to_string(thread);
  }

 protected:
  // What the thread does. The one member that is not const: a subclass keeps its state here.
  // What it throws goes to excepthook().
  virtual void run();

 private:
  friend struct detail::ThreadAccess;
  template <std::derived_from<Thread> T, class... A>
  requires std::constructible_from<T, A...>
  friend std::shared_ptr<T> make_thread(A&&... args);

  friend class Timer;

  explicit Thread(std::shared_ptr<detail::ThreadState> state);
  // Of a subclass that, like Thread, leaves all to its target: any handle may start it.
  Thread(ThreadOptions options, const std::type_info& complete);
  static void own(const std::shared_ptr<Thread>& thread);

  std::shared_ptr<detail::ThreadState> state_;  // never null
};

// Makes a thread of a subclass. start() keeps the object alive until run() has ended.
template <std::derived_from<Thread> T, class... A>
requires std::constructible_from<T, A...> std::shared_ptr<T> make_thread(A&&... args) {
  auto thread = std::make_shared<T>(std::forward<A>(args)...);
  Thread::own(thread);
  return thread;
}

// The calling thread. One that threading did not start is given a handle: a daemon, "Dummy-N".
TANDEM_API Thread current_thread();
// The thread that the process began with; in a child of fork(), the one that forked.
TANDEM_API Thread main_thread();
// All threads that are alive: the main one, daemons and dummies too.
TANDEM_API std::vector<Thread> enumerate();
TANDEM_API std::size_t active_count();
// Of the calling thread. Never zero; makes no dummy.
TANDEM_API std::uint64_t get_ident();
TANDEM_API std::uint64_t get_native_id();

// Sets how large the stacks of threads are that start() makes from now on, and returns what it was.
//   size  in bytes; 0, also when not given as in Python: the system's default, which it is at first
// Throws   ValueError (negative; less than 32 KiB; the system refuses it).
// Spec     threading.thread.stack-size
TANDEM_API std::size_t stack_size(std::int64_t size = 0);

// Python's older name.
using ThreadError = RuntimeError;

// An exception that left a thread's run().
struct ExceptHookArgs {
  std::exception_ptr exc_value;
  std::optional<Thread> thread{};  // none: the text has the ident of the calling thread
};
using ExceptHook = std::function<void(const ExceptHookArgs&)>;

// What is done with an exception that leaves run(); at first default_excepthook(). A hook that
// throws is reported to the log sink. Sets it and returns the former one; empty is the default.
// Spec     threading.excepthook
TANDEM_API ExceptHook excepthook(ExceptHook hook);
// Calls the hook that is set: Python's threading.excepthook(args).
TANDEM_API void excepthook(const ExceptHookArgs& args);
// Sends "Exception in thread <name>:" and the exception to the log sink; silent for SystemExit.
TANDEM_API void default_excepthook(const ExceptHookArgs& args);

}  // namespace threading
}  // namespace tandem::inline v1

template <>
struct std::hash<tandem::threading::Thread> {
  TANDEM_API std::size_t operator()(const tandem::threading::Thread& thread) const noexcept;
};
