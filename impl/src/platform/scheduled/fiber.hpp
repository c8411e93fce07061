// A stack of its own, and the switch from one to another.
#pragma once
#include <ucontext.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "platform/scheduled/watched.hpp"

namespace tandem::inline v1::scheduled {

// What the C++ runtime and the library keep for each thread of the system: as all fibers share
// one, it is changed at every switch.
class ThreadWords {
 public:
  static bool add(void* word, std::size_t size) noexcept;
  void save() noexcept;
  void restore() const noexcept;

 private:
  static constexpr std::size_t most = 16;
  std::array<std::uint64_t, most> words_{};
  // Exceptions that are being handled: else a switch inside a catch block would mix them up.
  void* caught_ = nullptr;
  unsigned uncaught_ = 0;
};

class Fiber {
 public:
  Fiber() = default;  // the stack of whoever calls switch_to() first
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  // The next switch to this fiber calls entry(), which must not return. May be called again for
  // a fiber that will never go on.
  void begin(void (*entry)());
  void switch_to(Fiber& next, bool for_ever = false) noexcept;
  // First thing in entry().
  void arrive() noexcept { watched_.arrives(); }

 private:
  static constexpr std::size_t size = 256 * 1024;

  ucontext_t context_{};
  void* stack_ = nullptr;
  ThreadWords words_;
  WatchedStack watched_;
};

}  // namespace tandem::inline v1::scheduled
