// What the cases of asyncio share: the twin of reference/asyncio/support.py.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "conformance/harness/calls.hpp"
#include "conformance/harness/case.hpp"
#include "conformance/harness/logged.hpp"
#include "tandem/asyncio.hpp"

namespace tandem::conformance {

using namespace std::chrono_literals;
using asyncio::Coroutine;
using asyncio::EventLoop;

// As asyncio::run(), on a loop whose clock starts at 0 and jumps to the next deadline: nothing
// sleeps. Open files are real; a loop that has no deadline waits for them.
template <class T>
T run_virtual(Coroutine<T> main) {
  return asyncio::run(std::move(main), {.loop_factory = asyncio::detail::virtual_time_loop});
}
// The same of a lambda, which lives as long as its coroutine.
template <std::invocable F>
auto run_virtual(F main) {
  return run_virtual(main());
}

inline double loop_time() { return asyncio::get_running_loop().time().count(); }

// log() with the loop's time before it.
template <class... Values>
void log_at(const Values&... values) {
  log(loop_time(), values...);
}

// Comes back in the count-th turn of the loop after this one.
inline Coroutine<> turns(int count = 1) {
  for (int turn = 0; turn < count; ++turn) co_await asyncio::sleep(0s);
}

template <class E>
std::exception_ptr error(const std::string& text = "") {
  return std::make_exception_ptr(E(text));
}

// As raised(), of an exception that somebody else has caught.
inline std::string raised_by(const std::exception_ptr& exception) {
  return raised([&] {
    if (exception) std::rethrow_exception(exception);
  });
}

// What it returned, or the name of what it raised: in the same task, without a turn of the loop.
template <class A>
Coroutine<std::string> awaited(A awaitable) {
  std::exception_ptr caught;
  try {
    if constexpr (std::is_void_v<typename A::value_type>) {
      co_await std::move(awaitable);
      co_return "None";
    } else {
      co_return str(co_await std::move(awaitable));
    }
  } catch (...) {
    caught = std::current_exception();
  }
  co_return raised_by(caught);
}

// awaited(), logged with the name and the time at which it came.
template <class A>
Coroutine<std::string> noted(A awaitable, std::string name) {
  std::string said = co_await awaited(std::move(awaitable));
  log_at(name, said);
  co_return said;
}

// noted(), in a task of its own.
template <class A>
asyncio::Task<std::string> start(A awaitable, std::string name) {
  return asyncio::create_task(noted(std::move(awaitable), std::move(name)));
}
using Tasks = std::vector<asyncio::Task<std::string>>;

inline Coroutine<> all_of(Tasks tasks) {
  for (const auto& task : tasks) co_await task;
}

// Has the loop log the text in its next turn: what comes before that did not give way.
inline void soon(std::string text) {
  asyncio::get_running_loop().call_soon([text = std::move(text)] { log(text); });
}

// Moves, but throws when it is copied.
struct NoCopy {
  NoCopy() = default;
  NoCopy(const NoCopy&) { throw ValueError("copied"); }
  NoCopy(NoCopy&&) noexcept {}
  NoCopy& operator=(const NoCopy&) = delete;
};

// "pending", "cancelled", the name of the exception, or the result.
template <class F>
std::string state(const F& future) {
  if (!future.done()) return "pending";
  if (future.cancelled()) return "cancelled";
  return outcome([&] { return future.result(); });
}

// Has what comes to the running loop's exception handler from now on logged: the message and the
// exception.
inline void log_reports() {
  asyncio::get_running_loop().set_exception_handler(
      [](const EventLoop&, const asyncio::ExceptionContext& context) {
        log("report:", context.message, raised_by(context.exception));
      });
}

// The first line of each message.
inline std::vector<std::string> first_lines(const Logged& logged) {
  std::vector<std::string> lines = logged.messages();
  for (std::string& line : lines) line.resize(std::min(line.size(), line.find(" ... ")));
  return lines;
}

}  // namespace tandem::conformance
