// What the sanitizers have to be told of a switch between stacks. Nothing without one.
#pragma once
#include <cstddef>

#include "platform/sanitizers.hpp"

#ifdef TANDEM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef TANDEM_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace tandem::inline v1::scheduled {

// One side of a switch: the stack that is left or entered.
class WatchedStack {
 public:
#if defined(TANDEM_ASAN)
  void begins(void* bottom, std::size_t size) noexcept {
    bottom_ = bottom;
    size_ = size;
    fake_ = nullptr;
    __asan_unpoison_memory_region(bottom, size);  // what an abandoned thread has left
  }
  void leaves_for(WatchedStack& next, bool for_ever) noexcept {
    next.from_ = this;
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &fake_, next.bottom_, next.size_);
  }
  void arrives() noexcept {
    __sanitizer_finish_switch_fiber(fake_, &from_->bottom_, &from_->size_);
    fake_ = nullptr;
  }

 private:
  void* fake_ = nullptr;
  const void* bottom_ = nullptr;
  std::size_t size_ = 0;
  WatchedStack* from_ = nullptr;
#elif defined(TANDEM_TSAN)
  WatchedStack() = default;
  WatchedStack(const WatchedStack&) = delete;
  WatchedStack& operator=(const WatchedStack&) = delete;
  ~WatchedStack() { end(); }
  void begins(void*, std::size_t) noexcept {
    end();
    fiber_ = __tsan_create_fiber(0);
    own_ = true;
  }
  void leaves_for(WatchedStack& next, bool) noexcept {
    if (!own_) fiber_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(next.fiber_, 0);
  }
  void arrives() noexcept {}

 private:
  void end() noexcept {
    if (own_) __tsan_destroy_fiber(fiber_);
    own_ = false;
  }
  void* fiber_ = nullptr;
  bool own_ = false;
#else
  void begins(void*, std::size_t) noexcept {}
  void leaves_for(WatchedStack&, bool) noexcept {}
  void arrives() noexcept {}
#endif
};

}  // namespace tandem::inline v1::scheduled
