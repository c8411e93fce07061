// What the workers of a Pool and of a ProcessPoolExecutor are given to do, and what becomes of it.
#pragma once
#include <cstddef>
#include <exception>

#include "tandem/core/export.hpp"
#include "tandem/core/wakes.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

// One or several tasks, numbered from 0. All members are called by one thread at a time. For each
// task there is exactly one of these, in any order of the tasks:
//   start() says false | encode() throws, then fail() | decode() returns | decode() throws, then
//   fail() | fail() | cancel()
// A job may be gone after the last of them.
class TANDEM_API Job {
 public:
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Before the task is given to a worker for the first time. False: nobody wants it any more.
  virtual bool start(std::size_t task) noexcept;
  // Writes what a worker is to do: an action and what it reads. Again, when the worker that had the
  // task died before it began.
  virtual void encode(std::size_t task, pickle::Output& out) = 0;
  // Reads what the action wrote.
  //   wakes  for those that wait for it: more is to come
  virtual void decode(std::size_t task, pickle::Input& in, Wakes& wakes) = 0;
  virtual void fail(std::size_t task, std::exception_ptr error) noexcept = 0;
  // Instead of start(): it is given to no worker any more.
  virtual void cancel(std::size_t task) noexcept = 0;

 protected:
  Job() = default;
  ~Job() = default;
};

// The processes and the thread that manages them.
class Workers;

}  // namespace tandem::inline v1::multiprocessing::detail
