// Neutral contract: what the system gives for an open file, and who has to give it back.
#pragma once
#include <cstdio>
#include <utility>

namespace tandem::inline v1::platform {

void close_handle(int handle) noexcept;
// Of an open file; -1: it has none.
int handle_of(std::FILE* file) noexcept;

// The owner of an open file. Move-only.
class Handle {
 public:
  static constexpr int none = -1;

  Handle() = default;
  explicit Handle(int handle) noexcept : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(other.release()) {}
  Handle& operator=(Handle&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Handle() { reset(); }

  explicit operator bool() const noexcept { return handle_ != none; }
  int get() const noexcept { return handle_; }
  int release() noexcept { return std::exchange(handle_, none); }
  void reset(int handle = none) noexcept {
    if (handle_ != none) close_handle(handle_);
    handle_ = handle;
  }

 private:
  int handle_ = none;
};

// Another handle of the same open file, which children do not inherit. Returns 0 or the error number.
int duplicate_handle(int handle, Handle& duplicate) noexcept;

}  // namespace tandem::inline v1::platform
