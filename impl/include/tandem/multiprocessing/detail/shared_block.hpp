// Memory that processes share in small pieces: what locks, conditions, values and arrays stand in.
#pragma once
#include <cstddef>
#include <memory>

#include "tandem/core/export.hpp"

namespace tandem::inline v1 {

namespace pickle {
class Output;
class Input;
}  // namespace pickle

namespace multiprocessing::detail {

// A handle: a copy is the same piece. A child of fork() has all the pieces that its parent knows;
// to other processes they are pickled, as an arena's descriptor and a place in it. The last
// process that lets a piece go frees it; one that is killed first keeps it until all that know the
// arena are gone.
// Threads  any number at once.
class TANDEM_API SharedBlock {
 public:
  SharedBlock() = default;  // none
  // All zero, aligned to 16 bytes at least.
  //   alignment  a power of two
  // Throws   std::bad_alloc; OSError (no memory of this kind to be had).
  static SharedBlock allocate(std::size_t size, std::size_t alignment = 16);

  explicit operator bool() const noexcept { return static_cast<bool>(known_); }
  void* data() const noexcept { return data_; }
  template <class T>
  T& as() const noexcept {
    return *static_cast<T*>(data_);
  }
  std::size_t size() const noexcept;
  friend bool operator==(const SharedBlock& a, const SharedBlock& b) noexcept {
    return a.data_ == b.data_;
  }

  // Asked when this process lets go of the piece. False: the memory must stay as it is, for ever.
  using BeforeGone = bool (*)(void* data);
  void before_gone(BeforeGone question) const noexcept;

  // Throws   OSError (no more descriptors).
  void pickle(v1::pickle::Output& output) const;
  // Throws   UnpicklingError (there is no such piece); OSError.
  static SharedBlock unpickle(v1::pickle::Input& input);

  struct Known;  // what this process knows of a piece

 private:
  explicit SharedBlock(std::shared_ptr<Known> known) noexcept;

  std::shared_ptr<Known> known_;
  void* data_ = nullptr;
};

// Lets go of all pieces that this process knows: for a process that ends without destructors. They
// must not be used any more; nothing is done while there are other threads, which may do so.
TANDEM_API void leave_shared_heap() noexcept;

}  // namespace multiprocessing::detail
}  // namespace tandem::inline v1
