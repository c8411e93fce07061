// A range that is read one element after the other, no earlier than there is need.
#pragma once
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace tandem::inline v1::detail {

//   R  T& for a range that somebody else keeps, T for one that is kept here
template <class R>
class RangeReader {
  using Iterator = std::ranges::iterator_t<std::remove_reference_t<R>>;

 public:
  explicit RangeReader(R&& range) : range_(std::forward<R>(range)) {}
  RangeReader(const RangeReader&) = delete;
  RangeReader& operator=(const RangeReader&) = delete;

  // Goes to the next element; false when there is none, after which it is not called again. A step
  // may read from a stream, and the first one does.
  bool step() {
    if (at_) ++at();
    return at() != std::ranges::end(range_);
  }
  // Where it stands, at first at the begin.
  Iterator& at() {
    if (!at_) at_.emplace(std::ranges::begin(range_));
    return *at_;
  }
  std::remove_reference_t<R>& range() noexcept { return range_; }

 private:
  R range_;
  std::optional<Iterator> at_;
};

}  // namespace tandem::inline v1::detail
