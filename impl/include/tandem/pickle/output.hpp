// Where pickles are written: bytes, and the open files that travel beside them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::platform {
class Handle;
}

namespace tandem::inline v1::pickle {

namespace detail {
struct SharedObjects;
struct KnownObjects;
}  // namespace detail

// Where the bytes go, which decides what may be sent.
enum class Sharing {
  NONE,         // anywhere, dumps(): values only
  CONNECTION,   // to another process that runs already: open files may go along
  INHERITANCE,  // to a child that is being started: locks, queues and the like as well
};

// How deep values may stand in each other, as Python's recursion limit: containers, pointers and
// classes count.
inline constexpr std::size_t MAX_DEPTH = 1000;

// A growing row of bytes. Neither copied nor moved; small ones need no allocation, and clear()
// keeps the memory. Threads  one at a time.
class TANDEM_API Output {
 public:
  explicit Output(Sharing sharing = Sharing::NONE) noexcept;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  Sharing sharing() const noexcept { return sharing_; }

  void write(const void* bytes, std::size_t size) {
    if (size > static_cast<std::size_t>(limit_ - end_)) grow(size);
    if (size != 0) std::memcpy(end_, bytes, size);
    end_ += size;
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void write_value(const T& value) { write(&value, sizeof value); }
  // A count, in as few bytes as it needs: one for less than 255.
  void write_size(std::size_t size) {
    if (size >= 255) return write_large_size(size);
    write_value(static_cast<unsigned char>(size));
  }
  // Bytes that need not be copied when borrows() is on: they stay where they are until the message
  // has been sent.
  void write_block(const void* bytes, std::size_t size) {
    if (size < borrowed_from_)
      write(bytes, size);
    else
      borrow(bytes, size);
  }

  // Whether large blocks of what is dumped are only referred to: for who sends pieces() before
  // anything that was dumped changes. Never inside of what users wrote (serialize, reduce), whose
  // values may be temporary.
  void borrows(bool borrows) noexcept;

  // All that has been written, in one row; what was borrowed is copied. Until the next write.
  std::span<const std::byte> bytes();
  // A copy of all of it.
  std::string text() const;
  // The same as it lies in memory: in order, without copying.
  std::vector<std::span<const std::byte>> pieces() const;
  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_) + borrowed_; }

  // An open file that travels beside the bytes: a duplicate, closed with this. Returns what
  // Input::take() is to be asked for.
  // Throws OSError: it is none, or there are too many.
  std::uint32_t attach(int descriptor);
  // Those attached, in order. They stay this Output's.
  std::vector<int> descriptors() const;

  // A place to come back to when the rest turns out not to be sent.
  struct Mark {
    std::size_t size, borrowed, pieces, descriptors;
  };
  Mark mark() const noexcept;
  void rewind(const Mark& mark) noexcept;
  void clear() noexcept;

  // The inside of something that may be in itself.
  // Throws RecursionError: deeper than MAX_DEPTH.
  class Nested {
   public:
    explicit Nested(Output& output) : output_(output) {
      if (++output_.depth_ > MAX_DEPTH) too_deep(output);
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --output_.depth_; }

   private:
    [[noreturn]] TANDEM_API static void too_deep(Output& output);
    Output& output_;
  };

  // What is dumped while this lives is one message: of the objects that several pointers share,
  // one is sent, and the pointers share it there, too. Messages are read one by one.
  class TANDEM_API Message {
   public:
    explicit Message(Output& output);
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    ~Message();

   private:
    Output& output_;
    std::unique_ptr<detail::SharedObjects> outer_;
  };

  // While this lives, everything is copied: the inside of what users wrote.
  class Copying {
   public:
    explicit Copying(Output& output) noexcept : output_(output), before_(output.borrowed_from_) {
      output.borrowed_from_ = SIZE_MAX;
    }
    Copying(const Copying&) = delete;
    Copying& operator=(const Copying&) = delete;
    ~Copying() { output_.borrowed_from_ = before_; }

   private:
    Output& output_;
    std::size_t before_;
  };

  // For a pointer that others may share: whether its object is the first time here. Keeps it until
  // the message ends. Writes what load() needs to know.
  //   may_return  it may be met again within itself
  // Throws PicklingError: it was, and may not be; it was there as another type.
  bool write_shared(const std::shared_ptr<const void>& object, std::uint64_t type, bool may_return);
  // After an object that was new has been written.
  void shared_is_complete(const void* object) noexcept;

 private:
  struct Extras;

  void grow(std::size_t size);
  void write_large_size(std::size_t size);
  void borrow(const void* bytes, std::size_t size);
  Extras& extras();

  static constexpr std::size_t inline_size = 192;
  std::byte* begin_;
  std::byte* end_;
  std::byte* limit_;
  std::size_t borrowed_from_ = SIZE_MAX;
  std::size_t borrowed_ = 0;  // bytes
  std::size_t depth_ = 0;
  std::unique_ptr<Extras> extras_;
  std::unique_ptr<detail::SharedObjects> shared_;
  Sharing sharing_;
  alignas(std::max_align_t) std::byte inline_[inline_size];
};

}  // namespace tandem::inline v1::pickle
