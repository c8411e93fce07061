// What the queues raise, and how a call may wait.
#pragma once
#include <stdexcept>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::queue {

// get() found nothing (in time).
class TANDEM_API Empty : public std::runtime_error {
 public:
  Empty();
};

// put() found no room (in time).
class TANDEM_API Full : public std::runtime_error {
 public:
  Full();
};

// put() to a queue that was shut down, or get() from one that is empty besides.
class TANDEM_API ShutDown : public std::runtime_error {
 public:
  ShutDown();
};

struct BlockOptions {
  bool block = true;   // false: at once or not at all, whatever the timeout
  Timeout timeout{};   // how long to wait at most; default for ever
};

}  // namespace tandem::inline v1::queue
