// Python's multiprocessing.sharedctypes: Value, Array, RawValue, RawArray.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"
#include "tandem/multiprocessing/lock.hpp"

namespace tandem::inline v1::multiprocessing {

// What can stand in shared memory: it is its bytes, in every process.
template <class T>
concept Shareable = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> &&
                    !std::is_reference_v<T> && !std::is_const_v<T>;

namespace detail {

TANDEM_API void pickle_block(v1::pickle::Output& output, const SharedBlock& block,
                             std::size_t count, const char* type);
TANDEM_API SharedBlock unpickle_block(v1::pickle::Input& input, std::size_t& count,
                                      std::size_t bytes_each);
TANDEM_API std::size_t array_bytes(std::ptrdiff_t count, std::size_t bytes_each);

template <class N>
concept ElementCount = std::integral<N> && !std::same_as<N, bool>;

}  // namespace detail

// A value in memory that processes share, without a lock.
// A handle: a copy is the same value; it reaches other processes as an argument of Process and the
// like.
// Threads  the value is a plain variable: whoever changes it needs a lock, or std::atomic_ref.
// Spec     multiprocessing.sharedctypes.raw-value
template <Shareable T>
class RawValue {
 public:
  explicit RawValue(T value = {}) : block_(detail::SharedBlock::allocate(sizeof(T), alignof(T))) {
    ::new (block_.data()) T(value);
  }
  explicit RawValue(const Context&, T value = {}) : RawValue(value) {}

  // A reference into the shared memory; valid as long as a handle is.
  T& value() const noexcept { return block_.as<T>(); }
  void value(T value) const noexcept { this->value() = value; }

  friend bool operator==(const RawValue& a, const RawValue& b) noexcept {
    return a.block_ == b.block_;
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const {
    detail::pickle_block(output, block_, 1, "Synchronized");
  }
  static RawValue unpickle(v1::pickle::Input& input) {
    std::size_t count = 0;
    return RawValue(detail::unpickle_block(input, count, sizeof(T)));
  }

 private:
  explicit RawValue(detail::SharedBlock block) noexcept : block_(std::move(block)) {}

  detail::SharedBlock block_;
};

// A row of values in memory that processes share, without a lock. Its length never changes.
// A handle, as RawValue. A contiguous range.
// Threads  as RawValue.
// Spec     multiprocessing.sharedctypes.raw-array
template <Shareable T>
class RawArray {
 public:
  using value_type = T;

  // So many zeros.
  // Throws   ValueError (negative).
  explicit RawArray(detail::ElementCount auto size)
      : RawArray(static_cast<std::size_t>(size),
                 detail::array_bytes(std::ptrdiff_t(size), sizeof(T))) {}
  RawArray(std::initializer_list<T> values) : RawArray(copy(values.begin(), values.size())) {}
  // A copy of them.
  template <std::ranges::input_range R>
  requires(std::convertible_to<std::ranges::range_reference_t<R>, T> &&
           !std::same_as<std::remove_cvref_t<R>, RawArray>) explicit RawArray(R&& values)
      : RawArray(copy(collected(std::forward<R>(values)))) {}
  template <class... A>
  explicit RawArray(const Context&, A&&... args) : RawArray(std::forward<A>(args)...) {}

  // As Python's: a negative index counts from the end.
  // Throws   IndexError.
  T& operator[](std::ptrdiff_t index) const {
    const auto size = static_cast<std::ptrdiff_t>(size_);
    if (index < 0) index += size;
    if (index < 0 || index >= size) throw IndexError("invalid index");
    return data()[index];
  }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T* data() const noexcept { return static_cast<T*>(block_.data()); }
  T* begin() const noexcept { return data(); }
  T* end() const noexcept { return data() + size_; }

  // Python's value and raw of an array of c_char: the characters before the first '\0', and all.
  std::string value() const requires std::same_as<T, char> {
    return std::string(data(), std::find(data(), data() + size_, '\0'));
  }
  std::string raw() const requires std::same_as<T, char> { return std::string(data(), size_); }
  // Throws   ValueError (it is longer than the array).
  void value(std::string_view text) const requires std::same_as<T, char> {
    if (text.size() > size_) throw ValueError("byte string too long");
    std::ranges::copy(text, data());
    if (text.size() < size_) data()[text.size()] = '\0';
  }

  friend bool operator==(const RawArray& a, const RawArray& b) noexcept {
    return a.block_ == b.block_;
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const {
    detail::pickle_block(output, block_, size_, "SynchronizedArray");
  }
  static RawArray unpickle(v1::pickle::Input& input) {
    std::size_t count = 0;
    auto block = detail::unpickle_block(input, count, sizeof(T));
    return RawArray(count, std::move(block));
  }

 private:
  RawArray(std::size_t size, std::size_t bytes)
      : RawArray(size, detail::SharedBlock::allocate(bytes, alignof(T))) {}
  RawArray(std::size_t size, detail::SharedBlock block) noexcept
      : block_(std::move(block)), size_(size) {}
  struct Cell {  // since a std::vector<bool> is none
    T value;
  };
  template <class U>
  static RawArray copy(const U* values, std::size_t count) {
    static_assert(sizeof(U) == sizeof(T));
    RawArray array(count);
    if (count > 0) std::memcpy(array.data(), values, count * sizeof(T));
    return array;
  }
  static RawArray copy(const std::vector<Cell>& cells) { return copy(cells.data(), cells.size()); }
  template <class R>
  static std::vector<Cell> collected(R&& values) {
    std::vector<Cell> cells;
    for (auto&& value : values) cells.push_back({static_cast<T>(value)});
    return cells;
  }

  detail::SharedBlock block_;
  std::size_t size_;
};

namespace detail {

// What Value and Array have of their lock.
template <class L>
class Synchronized {
 public:
  explicit Synchronized(L lock) : lock_(std::move(lock)) {}

  const L& get_lock() const noexcept { return lock_; }
  bool acquire(AcquireOptions options = {}) const { return lock_.acquire(options); }
  void release() const { lock_.release(); }
  void lock() const { lock_.lock(); }
  bool try_lock() const { return lock_.try_lock(); }
  void unlock() const { lock_.unlock(); }

 private:
  L lock_;
};

}  // namespace detail

// A RawValue with a lock beside it, an RLock or the one given. Lockable: `with value:` is
// std::scoped_lock guard(value).
// Threads  value() takes no lock by itself (Python's takes it for that moment, which keeps nothing
//          whole): hold it while you read or change the value.
// Spec     multiprocessing.sharedctypes.value
template <Shareable T, class L = RLock>
class Value : public detail::Synchronized<L> {
 public:
  explicit Value(T value = {}) requires std::same_as<L, RLock> : detail::Synchronized<L>(L()),
                                                                 raw_(value) {}
  explicit Value(const Context& context, T value = {}) requires std::same_as<L, RLock>
      : detail::Synchronized<L>(L(context)), raw_(value) {}
  Value(T value, L lock) : detail::Synchronized<L>(std::move(lock)), raw_(value) {}

  T& value() const noexcept { return raw_.value(); }
  void value(T value) const noexcept { raw_.value(value); }
  const RawValue<T>& get_obj() const noexcept { return raw_; }

  friend bool operator==(const Value& a, const Value& b) noexcept { return a.raw_ == b.raw_; }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const {
    raw_.pickle(output);
    this->get_lock().pickle(output);
  }
  static Value unpickle(v1::pickle::Input& input) {
    auto raw = RawValue<T>::unpickle(input);
    return Value(std::move(raw), L::unpickle(input));
  }

 private:
  Value(RawValue<T> raw, L lock) : detail::Synchronized<L>(std::move(lock)), raw_(std::move(raw)) {}

  RawValue<T> raw_;
};

// A RawArray with a lock beside it, as Value.
// Spec     multiprocessing.sharedctypes.array
template <Shareable T, class L = RLock>
class Array : public RawArray<T>, public detail::Synchronized<L> {
 public:
  explicit Array(detail::ElementCount auto size) requires std::same_as<L, RLock>
      : Array(RawArray<T>(size), L()) {}
  Array(std::initializer_list<T> values) requires std::same_as<L, RLock>
      : Array(RawArray<T>(values), L()) {}
  template <std::ranges::input_range R>
  requires(std::convertible_to<std::ranges::range_reference_t<R>, T> &&
           !std::derived_from<std::remove_cvref_t<R>, RawArray<T>> &&
           std::same_as<L, RLock>) explicit Array(R&& values)
      : Array(RawArray<T>(std::forward<R>(values)), L()) {}
  // Over that lock. What the array is made of stands first, as for RawArray.
  Array(RawArray<T> values, L lock)
      : RawArray<T>(std::move(values)), detail::Synchronized<L>(std::move(lock)) {}

  const RawArray<T>& get_obj() const noexcept { return *this; }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const {
    RawArray<T>::pickle(output);
    this->get_lock().pickle(output);
  }
  static Array unpickle(v1::pickle::Input& input) {
    auto values = RawArray<T>::unpickle(input);
    return Array(std::move(values), L::unpickle(input));
  }
};

template <class T, class... A>
auto Context::RawValue(A&&... args) const {
  return multiprocessing::RawValue<T>(std::forward<A>(args)...);
}
template <class T, class... A>
auto Context::RawArray(A&&... args) const {
  return multiprocessing::RawArray<T>(std::forward<A>(args)...);
}
template <class T, class... A>
auto Context::Value(A&&... args) const {
  return multiprocessing::Value<T>(*this, std::forward<A>(args)...);
}
template <class T, class... A>
auto Context::Array(A&&... args) const {
  using Values = multiprocessing::RawArray<T>;
  return multiprocessing::Array<T>(Values(std::forward<A>(args)...), multiprocessing::RLock(*this));
}

}  // namespace tandem::inline v1::multiprocessing
