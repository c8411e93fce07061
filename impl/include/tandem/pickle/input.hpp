// What pickles are read from. Trusts nothing that it reads: every count is compared with the bytes
// that are left before anything is made of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::pickle {

// Bytes that somebody else owns, and the open files that came with them.
// Threads  one at a time.
class TANDEM_API Input {
 public:
  explicit Input(std::span<const std::byte> bytes) noexcept;
  explicit Input(std::string_view bytes) noexcept;
  Input(std::span<const std::byte> bytes, std::vector<platform::Handle> handles);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  std::size_t left() const noexcept { return static_cast<std::size_t>(limit_ - next_); }

  // The next bytes, where they lie.
  // Throws UnpicklingError: there are fewer.
  const std::byte* read(std::size_t size) {
    if (size > left()) truncated();
    const std::byte* bytes = next_;
    next_ += size;
    return bytes;
  }
  template <class T>
  requires std::is_trivially_copyable_v<T> T read_value() {
    T value;
    std::memcpy(&value, read(sizeof value), sizeof value);
    return value;
  }
  std::size_t read_size() {
    const auto size = read_value<unsigned char>();
    return size < 255 ? size : read_large_size();
  }
  // A count of things that take at least so many bytes each (0 is taken for 1).
  // Throws UnpicklingError: they cannot all be there.
  std::size_t read_count(std::size_t bytes_each) {
    const std::size_t count = read_size();
    if (count > left() / (bytes_each == 0 ? 1 : bytes_each)) truncated();
    return count;
  }
  // One of 0 … last.
  unsigned char read_choice(unsigned char last) {
    const auto choice = read_value<unsigned char>();
    if (choice > last) invalid(choice);
    return choice;
  }

  // The open file that was attached under this number. Once.
  // Throws UnpicklingError: there is none.
  platform::Handle take(std::uint32_t index);

  // Throws UnpicklingError("pickle data was truncated"), as CPython's.
  [[noreturn]] static void truncated();
  // Throws UnpicklingError("invalid load key, '\x07'."), as CPython's.
  [[noreturn]] static void invalid(unsigned char key);

  // As Output's.
  // Throws UnpicklingError: deeper than MAX_DEPTH.
  class Nested {
   public:
    explicit Nested(Input& input) : input_(input) {
      if (++input_.depth_ > MAX_DEPTH) too_deep(input);
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --input_.depth_; }

   private:
    [[noreturn]] TANDEM_API static void too_deep(Input& input);
    Input& input_;
  };

  class TANDEM_API Message {
   public:
    explicit Message(Input& input);
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    ~Message();

   private:
    Input& input_;
    std::unique_ptr<detail::KnownObjects> outer_;
  };

  // The shared object that a pointer refers to again.
  // Throws UnpicklingError: there is no such, of this type, or it is not complete yet.
  const std::shared_ptr<void>& read_known(std::uint64_t type);
  // The number of a new one, and what it is, as soon as it is made.
  std::size_t expect_known();
  //   empty  takes everything out of it; null: it is in no circle
  void know(std::size_t number, std::shared_ptr<void> object, std::uint64_t type,
            void (*empty)(void* object));
  // After an error: what was made in a circle would keep itself for ever.
  void forget() noexcept;

 private:
  struct Extras;

  std::size_t read_large_size();

  const std::byte* next_;
  const std::byte* limit_;
  std::size_t depth_ = 0;
  std::unique_ptr<Extras> extras_;  // the open files
  std::unique_ptr<detail::KnownObjects> known_;
};

}  // namespace tandem::inline v1::pickle
