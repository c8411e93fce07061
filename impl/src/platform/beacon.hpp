// Neutral contract: a handle for those who poll by themselves. Not inherited by children.
#pragma once
#include "platform/handle.hpp"

namespace tandem::inline v1::platform {

// Readable while another handle is, or at its end; and while it is lit.
class Beacon {
 public:
  // Returns 0 or the error number of the system.
  int open(int handle) noexcept;
  void light() noexcept;
  void put_out() noexcept;

  explicit operator bool() const noexcept { return static_cast<bool>(both_); }
  int get() const noexcept { return both_.get(); }

 private:
  Handle both_, light_;
};

}  // namespace tandem::inline v1::platform
