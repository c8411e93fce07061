// A lazy range of results: what map() and as_completed() return.
#pragma once
#include <cstddef>
#include <iterator>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

namespace tandem::inline v1::detail {

// What stands for a result in a range: T | pointer for T& | monostate for void.
template <class T>
using element_t =
    std::conditional_t<std::is_void_v<T>, std::monostate,
                       std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

// Where a ResultRange has its results from, some at a time.
template <class T>
class ResultSource {
 public:
  virtual ~ResultSource() = default;
  // The next ones, valid until the next call; none: the end. May wait and may throw, after which
  // it is not called again.
  virtual std::span<element_t<T>> next() = 0;
};

// An input range that is read once, and a view. Move-only. Dropping it before its end abandons the
// rest, as closing a Python generator does.
template <class T>
class ResultRange : public std::ranges::view_base {
  using Element = element_t<T>;

 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = std::conditional_t<std::is_void_v<T>, Element, std::remove_cvref_t<T>>;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    auto& operator*() const {
      if constexpr (std::is_reference_v<T>)
        return **at_;
      else
        return *at_;
    }
    iterator& operator++() {
      if (++at_ == end_) refill();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return at_ == end_; }

   private:
    friend ResultRange;
    explicit iterator(ResultSource<T>* source) : source_(source) { refill(); }
    void refill() {
      at_ = end_ = nullptr;
      const std::span<Element> some = source_->next();
      at_ = some.data();
      end_ = some.data() + some.size();
    }

    ResultSource<T>* source_ = nullptr;
    Element *at_ = nullptr, *end_ = nullptr;
  };

  explicit ResultRange(std::unique_ptr<ResultSource<T>> source) : source_(std::move(source)) {}

  // Begins the iteration; to be called once.
  iterator begin() { return iterator(source_.get()); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::unique_ptr<ResultSource<T>> source_;
};

}  // namespace tandem::inline v1::detail
