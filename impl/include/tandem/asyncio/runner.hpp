// asyncio.run and asyncio.Runner: a loop from its beginning to its end.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "tandem/asyncio/event_loop.hpp"

namespace tandem::inline v1::asyncio {

// Python's keyword arguments of run() and Runner().
struct RunOptions {
  std::optional<bool> debug{};                // none: as the loop has it
  std::function<EventLoop()> loop_factory{};  // empty: new_event_loop()
};

// Runs coroutines in one loop, one after the other, and ends it: tasks that are left are cancelled
// and awaited, the default executor is shut down, the loop is closed. Neither copied nor moved.
//
// While run() runs in the main thread, and nobody handles SIGINT, the first Ctrl-C cancels the
// coroutine's task; and if that ends by it, run() throws KeyboardInterrupt. The second one has it
// thrown at once, as soon as the loop has its turn.
// Threads  one at a time.
// Spec     asyncio.runner
class TANDEM_API Runner {
 public:
  explicit Runner(RunOptions options = {});
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner();  // close(); what that throws is logged

  // Runs the coroutine in a task and returns what it returns, or throws what it throws.
  //   context  to run in; default: one that all calls of this runner share
  // Throws   RuntimeError (a loop runs in this thread; closed); KeyboardInterrupt.
  template <class T>
  T run(Coroutine<T> main, std::optional<contextvars::Context> context = {}) {
    prepare();
    Task<T> task = detail::make_task(detail::state_of(*loop_), std::move(main), std::string(),
                                     context ? std::move(context) : context_);
    run_task(task);
    return static_cast<Future<T>&&>(task).result();
  }
  template <class Try>
  auto run(detail::Attempt<Try> main, std::optional<contextvars::Context> context = {}) {
    return run(detail::coroutine_of(std::move(main)), std::move(context));
  }
  // Throws   RuntimeError (closed).
  EventLoop get_loop();
  // Any number of times. Throws what ends the loop (KeyboardInterrupt, SystemExit).
  void close();

 private:
  enum class State { created, initialized, closed };
  void prepare();
  void initialize();
  void run_task(const AnyTask& task);

  RunOptions options_;
  State state_ = State::created;
  std::optional<EventLoop> loop_;
  std::optional<contextvars::Context> context_;
  bool set_event_loop_ = false;
};

namespace detail {
// Throws   RuntimeError (a loop runs in this thread).
TANDEM_API void check_no_running_loop();
}  // namespace detail

// Runs the coroutine in a new loop, and returns what it returns: the way into asyncio.
//   asyncio::run(main());
//   asyncio::run(main(), {.debug = true});
// Throws   what the coroutine throws; RuntimeError (a loop runs in this thread); KeyboardInterrupt.
// Spec     asyncio.runner.run
template <class T>
T run(Coroutine<T> main, RunOptions options = {}) {
  detail::check_no_running_loop();
  Runner runner(std::move(options));
  try {
    if constexpr (std::is_void_v<T>) {
      runner.run(std::move(main));
      runner.close();
    } else {
      T result = runner.run(std::move(main));
      runner.close();
      return static_cast<T&&>(result);
    }
  } catch (...) {
    // What this throws comes later, and is thrown instead.
    runner.close();
    throw;
  }
}
template <class Try>
auto run(detail::Attempt<Try> main, RunOptions options = {}) {
  return run(detail::coroutine_of(std::move(main)), std::move(options));
}

}  // namespace tandem::inline v1::asyncio
