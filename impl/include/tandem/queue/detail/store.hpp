// What the blocking part of a queue (Channel) asks of the part that keeps the items (a store).
//
//   Put put(U&& item, std::uint64_t limit)   appends unless closed or full; touches item only then
//   class Taking                             the next item, locked until this goes: bool, item(),
//                                            and commit(), without which the item stays
//   close() is_closed() puts() size()
//   close_and_drop()                         close, and drop all items, at one moment; how many
//   available() room(limit)                  hints for waiters: how many items there are, how many
//                                            more may be put; read with seq_cst (Gate)
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace tandem::inline v1::detail {

enum class Put { done, full, shut_down };

// The memory that whoever gets the item will need at once, fetched when its turn comes near: the
// putter's processor has it. Of exactly these types, and of those that add a specialisation.
template <class T>
struct Prefetched {};
inline const void* to_prefetch(const volatile void* memory) noexcept {
  return const_cast<const void*>(memory);
}
template <class T, class D>
requires std::is_pointer_v<typename std::unique_ptr<T, D>::pointer>
struct Prefetched<std::unique_ptr<T, D>> {
  static const void* of(const std::unique_ptr<T, D>& item) noexcept {
    return to_prefetch(item.get());
  }
};
template <class T>
struct Prefetched<std::shared_ptr<T>> {
  static const void* of(const std::shared_ptr<T>& item) noexcept { return to_prefetch(item.get()); }
};
template <class C, class Traits, class A>
struct Prefetched<std::basic_string<C, Traits, A>> {
  static const void* of(const std::basic_string<C, Traits, A>& item) noexcept {
    return item.data();
  }
};
template <class T, class A>
requires(!std::is_same_v<T, bool>) struct Prefetched<std::vector<T, A>> {
  static const void* of(const std::vector<T, A>& item) noexcept {
    return std::to_address(item.data());
  }
};
template <class T>
void prefetch(const T& item) noexcept {
  if constexpr (requires { Prefetched<T>::of(item); })
    __builtin_prefetch(Prefetched<T>::of(item), 1);
}

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

}  // namespace tandem::inline v1::detail
