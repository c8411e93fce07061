// What run() and its older siblings share.
#pragma once
#include <utility>

#include "tandem/core/exceptions.hpp"
#include "tandem/subprocess/run.hpp"

namespace tandem::inline v1::subprocess::detail {

// The part that is Popen's.
subprocess::PopenOptions popen_options(subprocess::RunOptions&& options);

// `with Popen(…) as process:` around work that has to succeed: otherwise the child is killed.
// Either way it is waited for.
template <class Work>
auto supervise(subprocess::Command args, subprocess::RunOptions&& options, Work work) {
  subprocess::Popen process(std::move(args), popen_options(std::move(options)));
  try {
    auto result = work(process);
    process.exit();
    return result;
  } catch (...) {
    try {
      process.kill();
    } catch (const OSError&) {
      // Not ours to kill (it has another user by now): then it is waited for, and what has gone
      // wrong is told.
    }
    // Its streams are closed before the wait: one that was not killed may wait at them.
    try {
      process.exit();
    } catch (const OSError&) {
      // What has not been sent is lost.
    }
    throw;
  }
}

}  // namespace tandem::inline v1::subprocess::detail
