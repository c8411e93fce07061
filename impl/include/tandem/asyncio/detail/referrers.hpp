// For what may go before those that refer to it: main() returns, and run() cancels what is left.
//
//   Referrers  <->  Referrer  <->  Referrer
//   of a lock       in a guard     in a condition
//
// Threads  that of the loop only.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/detail/members.hpp"

namespace tandem::inline v1::asyncio::detail {

// Of the object that has it as a member.
using Referrers = Members;

// One who refers to it, for as long as it lives. Move-only.
class Referrer : private Member {
 public:
  explicit Referrer(Referrers& all) noexcept : Member(all) {}
  Referrer(Referrer&& other) noexcept { join(other.leave()); }
  Referrer& operator=(Referrer&& other) noexcept {
    if (this == &other) return *this;
    leave();
    join(other.leave());
    return *this;
  }
  ~Referrer() = default;

  bool is_there() const noexcept { return is_in(); }
};

// An object that does not know who refers to it is there for as long as they need it.
struct Unseen {
  bool is_there() const noexcept { return true; }
};
template <class T>
concept KnowsReferrers = requires(T& object) {
  { object.referrers() } -> std::same_as<Referrers&>;
};

// A pointer; null once its object is gone, when that knows of it. Move-only.
template <class T>
class Reference {
 public:
  explicit Reference(T& object) noexcept requires KnowsReferrers<T> : object_(&object),
                                                                      seen_(object.referrers()) {}
  explicit Reference(T& object) noexcept : object_(&object) {}
  Reference(Reference&& other) noexcept
      : object_(std::exchange(other.object_, nullptr)), seen_(std::move(other.seen_)) {}
  Reference& operator=(Reference&& other) noexcept {
    object_ = std::exchange(other.object_, nullptr);
    seen_ = std::move(other.seen_);
    return *this;
  }
  ~Reference() = default;

  T* get() const noexcept { return seen_.is_there() ? object_ : nullptr; }
  // Refers to nothing from now on.
  T* take() noexcept {
    T* const object = get();
    object_ = nullptr;
    return object;
  }

 private:
  T* object_;
  [[no_unique_address]] std::conditional_t<KnowsReferrers<T>, Referrer, Unseen> seen_;
};

}  // namespace tandem::inline v1::asyncio::detail
