// Python's start methods: how a process comes into being.
//
//   fork        the child is a copy of this process: it goes on with all data as they are
//   spawn       the program is executed anew: statics are initialised again, of main() nothing runs
//               but freeze_support(), which runs what was handed over
//   forkserver  one process is spawned, and forks when it is asked to: the children are copies of a
//               clean process without threads
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"

namespace tandem::inline v1::multiprocessing {

class Pool;
struct PoolOptions;
class Process;
struct ProcessOptions;

namespace detail {

using namespace v1::detail;

enum class StartMethod : std::uint8_t { fork, spawn, forkserver };

}  // namespace detail

// All of multiprocessing, with one start method. A value; equal when the method is.
// What is made by it and named as a class of multiprocessing is of that class.
// Throws   RuntimeError, when a lock, a queue, … that was made for fork is handed to a process that
//          is started in another way.
// Threads  any number at once.
// Spec     multiprocessing.context
class TANDEM_API Context {
 public:
  Context get_context(std::optional<std::string> method = {}) const;
  std::string get_start_method() const;
  // Throws   ValueError: a context keeps its method.
  void set_start_method(std::string method, bool force = false) const;

  // Python's ForkProcess, SpawnProcess, ForkServerProcess: as multiprocessing::Process, always
  // started by this method.
  multiprocessing::Process Process(ProcessOptions options) const;
  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto Process(F&& f, A&&... args) const;  // in process.hpp
  // A subclass of Process, as multiprocessing::make_process<T>().
  template <class T, class... A>
  auto make_process(A&&... args) const;  // in process.hpp

  // Each is defined beside the class that it makes: include that header.
  auto Manager() const;
  auto Pipe(bool duplex = true) const;
  auto Lock() const;
  auto RLock() const;
  auto Condition() const;
  template <class L>
  auto Condition(L lock) const;
  auto Semaphore(int value = 1) const;
  auto BoundedSemaphore(int value = 1) const;
  auto Event() const;
  template <class... A>
  auto Barrier(A&&... args) const;
  template <class T>
  auto Queue(std::ptrdiff_t maxsize = 0) const;
  template <class T>
  auto JoinableQueue(std::ptrdiff_t maxsize = 0) const;
  template <class T>
  auto SimpleQueue() const;
  multiprocessing::Pool Pool() const;
  multiprocessing::Pool Pool(PoolOptions options) const;  // its context is this one
  multiprocessing::Pool Pool(detail::Count auto processes) const;
  template <class T, class... A>
  auto RawValue(A&&... args) const;
  template <class T, class... A>
  auto RawArray(A&&... args) const;
  template <class T, class... A>
  auto Value(A&&... args) const;
  template <class T, class... A>
  auto Array(A&&... args) const;

  int cpu_count() const;
  multiprocessing::Process current_process() const;
  std::optional<multiprocessing::Process> parent_process() const;
  std::vector<multiprocessing::Process> active_children() const;
  void set_executable(std::string executable) const;
  void freeze_support(int argc, char** argv) const;

  friend bool operator==(const Context&, const Context&) = default;

  // Not for users: what the library goes by.
  explicit Context(detail::StartMethod method) noexcept : method_(method) {}
  detail::StartMethod method() const noexcept { return method_; }

 private:
  detail::StartMethod method_;
};

// None: the one that is set. If none is yet, that is fork from now on.
// Throws   ValueError (there is no such method).
// Spec     multiprocessing.context.get-context
TANDEM_API Context get_context(std::optional<std::string> method = {});
// The method that is set; if none is yet, that is fork from now on.
TANDEM_API std::string get_start_method();
// The same, but with allow_none nothing is set by it, and none is returned.
TANDEM_API std::optional<std::string> get_start_method(bool allow_none);
// How processes are started from now on, those made before included. None takes it back, by force.
// Throws   RuntimeError (one is set, and not force); ValueError (there is no such method).
// Spec     multiprocessing.context.set-start-method
TANDEM_API void set_start_method(std::optional<std::string> method, bool force = false);
// The default first.
TANDEM_API std::vector<std::string> get_all_start_methods();

// The program that is executed by spawn and forkserver; at first this program's own file, even if
// another has its name by now. It must be the same program as this one, or start() throws.
// Spec     multiprocessing.context.set-executable
TANDEM_API void set_executable(std::string executable);

// The first line of main(): a process that was started by spawn or forkserver does in it what it
// was started for, and ends there. In all others it does nothing.
// Without it such a process runs main() again; where that starts a process, start() throws
// RuntimeError.
// Spec     multiprocessing.context.freeze-support
TANDEM_API void freeze_support(int argc, char** argv);

}  // namespace tandem::inline v1::multiprocessing
