// Neutral contract: sleeping until one of many open files can be read or written, or until somebody
// else wakes the sleeper. Functions that can fail return 0 or the error number of the system.
#pragma once
#include <cstddef>
#include <span>

#include "platform/handle.hpp"

namespace tandem::inline v1::platform {

class Selector {
 public:
  struct Interest {
    bool reading = false, writing = false;
    bool is_none() const noexcept { return !reading && !writing; }
  };
  struct Ready {
    int handle;
    bool readable, writable;  // or at its end, or broken: both
  };

  // To be called before all others. Any number of times.
  int open() noexcept;
  // Watches nothing any more, and is not opened again. Where wake() may still be called, or be under
  // way, its file has to stay; then it does nothing that matters.
  void close(bool keeps_waker) noexcept;

  // Changes what a file is watched for. A file that is closed is watched no more.
  int watch(int handle, Interest before, Interest now) noexcept;

  // Sleeps until one of them is ready, until wake(), or for so long; a signal may end it sooner.
  //   milliseconds  negative: for ever
  //   count         how many of the places were filled
  int select(int milliseconds, std::span<Ready> places, std::size_t& count) noexcept;

  // Ends the current select(), or the next one. By any thread.
  void wake() noexcept;
  // What a signal handler may write eight bytes to instead: a one.
  int waker() const noexcept { return waker_.get(); }

 private:
  Handle poller_, waker_;
};

}  // namespace tandem::inline v1::platform
