// What the blocking part of a queue (Channel) asks of the part that keeps the items (a store).
//
//   Put put(U&& item, std::uint64_t limit)   appends unless closed or full; touches item only then
//   class Taking                             the next item, locked until this goes: bool, item(),
//                                            and commit(), without which the item stays
//   close() is_closed() puts() size()
//   close_and_drop()                         close, and drop all items, at one moment; how many
//   may_have_item() may_have_room(limit)     hints for waiters; read with seq_cst (Gate)
#pragma once
#include <cstdint>
#include <limits>

namespace tandem::inline v1::detail {

enum class Put { done, full, shut_down };

// Whether an item has a prefetch() to be called when its turn comes near: our own items only.
template <class T>
inline constexpr bool is_prefetched = false;

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

}  // namespace tandem::inline v1::detail
