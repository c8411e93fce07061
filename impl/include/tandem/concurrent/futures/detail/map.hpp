// Executor.map: many calls, their results in the order of the input.
//
// The arguments are cut into chunks; each chunk is one task. A chunk keeps what its calls returned
// up to the first that threw, and that exception. Where the number of calls is known beforehand,
// the results of all chunks stand in one row.
#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "tandem/concurrent/futures/future.hpp"
#include "tandem/core/callable.hpp"
#include "tandem/core/range_reader.hpp"
#include "tandem/core/result_range.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

// The result of a call in a map, kept: T | T& | void.
template <class F, class... R>
using mapped_t = std::invoke_result_t<F&, std::ranges::range_value_t<R>...>;
// What a map's range yields: Python's None stands as a monostate.
template <class F, class... R>
using yielded_t =
    std::conditional_t<std::is_void_v<mapped_t<F, R...>>, std::monostate, mapped_t<F, R...>>;

// Raw memory for results, in which whoever constructs also destroys.
template <class T>
using ResultRow = std::shared_ptr<element_t<T>>;
template <class T>
ResultRow<T> make_row(std::size_t count) {
  std::allocator<element_t<T>> allocator;
  return {allocator.allocate(count),
          [allocator, count](element_t<T>* row) mutable { allocator.deallocate(row, count); }};
}

// What the calls of a chunk returned, in one row, up to the first that threw.
template <class T>
class ChunkResult {
 public:
  using Element = element_t<T>;

  ChunkResult() = default;
  explicit ChunkResult(ResultRow<T> row) : row_(std::move(row)) {}
  ChunkResult(ChunkResult&& other) noexcept
      : error(std::move(other.error)),
        row_(std::move(other.row_)),
        size_(std::exchange(other.size_, 0)) {}
  ChunkResult& operator=(ChunkResult&& other) noexcept {
    std::swap(error, other.error);
    std::swap(row_, other.row_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~ChunkResult() { std::destroy_n(row_.get(), size_); }

  // call(i) for each i below count. A plain loop over plain memory: compilers unroll it.
  template <class Call>
  void fill(std::size_t count, Call&& call) noexcept {
    std::size_t i = 0;
    try {
      if (!row_) row_ = make_row<T>(count);
      for (Element* const row = row_.get(); i < count; ++i) call(row + i, i);
    } catch (...) {
      error = std::current_exception();
    }
    size_ = i;
  }
  std::span<Element> values() const noexcept { return {row_.get(), size_}; }

  std::exception_ptr error;

 private:
  ResultRow<T> row_;
  std::size_t size_ = 0;
};

// Arguments copied from one range. A vector<bool> has no bools to hand out.
template <class A>
using Row = std::conditional_t<std::is_same_v<A, bool>, std::deque<bool>, std::vector<A>>;

// Arguments that stand where their view looks, and are copied one by one for the calls.
template <class Iterator>
class Slice {
 public:
  using difference = std::iter_difference_t<Iterator>;

  Slice(Iterator first, std::size_t size) : first_(first), size_(size) {}
  std::iter_value_t<Iterator> operator[](std::size_t i) const {
    return first_[static_cast<difference>(i)];
  }
  std::size_t size() const noexcept { return size_; }

 private:
  Iterator first_;
  std::size_t size_;
};

// Ranges whose number of elements is known, and any of which can be reached at once.
template <class... R>
concept Countable = (std::ranges::random_access_range<R> && ...) &&
                    (std::ranges::sized_range<R> && ...);
// A view, which only looks at elements that its giver keeps.
template <class R>
concept Borrowed = std::ranges::view<std::remove_cvref_t<R>> &&
    std::ranges::enable_borrowed_range<std::remove_cvref_t<R>>;

template <bool countable, class R>
struct Arguments {
  using type = Row<std::ranges::range_value_t<R>>;
};
template <class R>
requires Borrowed<R>
struct Arguments<true, R> {
  using type = Slice<std::ranges::iterator_t<R>>;
};
// The arguments of a chunk: a row or a slice for each range.
template <class... R>
using arguments_t = std::tuple<typename Arguments<Countable<R...>, R>::type...>;

// The task.
template <class T, class F, class... R>
class Chunk {
 public:
  Chunk(std::shared_ptr<F> f, arguments_t<R...> arguments, ResultRow<T> row)
      : f_(std::move(f)), arguments_(std::move(arguments)), row_(std::move(row)) {}

  ChunkResult<T> operator()() {
    ChunkResult<T> result(std::move(row_));
    std::apply([&](auto&... rows) { fill(result, rows...); }, arguments_);
    return result;
  }

 private:
  template <class... Rows>
  void fill(ChunkResult<T>& result, Rows&... rows) {
    const std::size_t count = std::get<0>(arguments_).size();
    F& f = *f_;
    result.fill(count, [&](element_t<T>* at, std::size_t i) {
      if constexpr (std::is_reference_v<T>)
        std::construct_at(at, std::addressof(std::invoke(f, std::move(rows[i])...)));
      else if constexpr (std::is_void_v<mapped_t<F, R...>>)
        std::invoke(f, std::move(rows[i])...), std::construct_at(at);
      else
        ::new (static_cast<void*>(at)) element_t<T>(std::invoke(f, std::move(rows[i])...));
    });
  }

  std::shared_ptr<F> f_;
  arguments_t<R...> arguments_;
  ResultRow<T> row_;  // where the results go; none: the task makes one
};

// Python's generator in Executor.map: `submit_next` submits one more chunk, and returns nothing
// when the arguments are used up.
template <class T>
class MapResults final : public ResultSource<T> {
 public:
  using ChunkFuture = Future<ChunkResult<T>>;
  using SubmitNext = std::function<std::optional<ChunkFuture>()>;

  // Submits all at once or, with a buffersize, as many chunks as that.
  MapResults(SubmitNext submit_next, Timeout timeout, std::optional<std::size_t> buffersize)
      : submit_next_(std::move(submit_next)),
        forever_(timeout.is_forever()),
        until_(Deadline::after(timeout)) {
    while (!buffersize || futures_.size() < *buffersize)
      if (!submit_one()) break;
    if (!buffersize) submit_next_ = nullptr;
  }
  // An iteration that was begun and not ended cancels what has not started.
  ~MapResults() override {
    if (begun_) cancel_all();
  }

  std::span<element_t<T>> next() override {
    begun_ = true;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    while (!futures_.empty()) {
      fetch();
      if (!current_.values().empty()) {
        error_ = current_.error;
        return current_.values();
      }
      if (current_.error) {
        cancel_all();
        std::rethrow_exception(current_.error);
      }
    }
    return {};
  }

 private:
  bool submit_one() {
    if (!submit_next_) return false;
    std::optional<ChunkFuture> future = submit_next_();
    if (!future) {
      submit_next_ = nullptr;
      return false;
    }
    futures_.push_back(std::move(*future));
    return true;
  }

  void fetch() {
    try {
      submit_one();
      ChunkFuture first = futures_.front();
      futures_.front().exception(left());
      futures_.pop_front();
      current_ = std::move(first).result();
    } catch (...) {
      cancel_all();  // the one waited for, too
      throw;
    }
    if (current_.error) cancel_all();
  }
  Timeout left() const {
    if (forever_) return {};
    return until_.when() - Deadline::clock::now();
  }
  void cancel_all() noexcept {
    for (const ChunkFuture& future : futures_) future.cancel();
    futures_.clear();
    submit_next_ = nullptr;
  }

  SubmitNext submit_next_;
  bool forever_;
  Deadline until_;
  std::deque<ChunkFuture> futures_;
  ChunkResult<T> current_;
  std::exception_ptr error_;  // of the chunk whose results are being given out
  bool begun_ = false;
};

// Cuts ranges that are read side by side, to the end of the shortest, into rows of arguments.
template <class... R>
class Zip {
 public:
  using Rows = arguments_t<R...>;

  explicit Zip(R&&... ranges) : readers_(std::forward<R>(ranges)...) {}

  // How many arguments there are still to take.
  std::size_t left() requires Countable<R...> { return left(std::index_sequence_for<R...>{}); }

  // Up to `count` arguments from each; empty rows at the end.
  Rows take(std::size_t count) { return take(count, std::index_sequence_for<R...>{}); }

 private:
  template <std::size_t... I>
  Rows take(std::size_t count, std::index_sequence<I...>) {
    if constexpr (Countable<R...>) {
      count = std::min(count, left());
      return Rows(take_row<I>(count)...);
    } else {
      Rows rows;
      for (; count > 0 && !ended_; --count) {
        ended_ = !(std::get<I>(readers_).step() && ...);  // none is read beyond the shortest
        if (!ended_) (std::get<I>(rows).push_back(*std::get<I>(readers_).at()), ...);
      }
      return rows;
    }
  }
  template <std::size_t... I>
  std::size_t left(std::index_sequence<I...>) {
    return std::min({left_of(std::get<I>(readers_))...});
  }
  template <class Reader>
  static std::size_t left_of(Reader& reader) {
    auto& range = reader.range();
    return static_cast<std::size_t>(std::ranges::begin(range) + std::ranges::ssize(range) -
                                    reader.at());
  }
  template <std::size_t I>
  auto take_row(std::size_t count) {
    auto& end = std::get<I>(readers_).at();
    const auto first = end;
    end += static_cast<std::iter_difference_t<std::remove_cvref_t<decltype(end)>>>(count);
    using Taken = std::tuple_element_t<I, Rows>;
    if constexpr (Borrowed<std::tuple_element_t<I, std::tuple<R...>>>)
      return Taken(first, count);
    else
      return copy<Taken>(first, end, count);
  }
  template <class Taken, class Iterator>
  static Taken copy(Iterator first, Iterator end, std::size_t count) {
    Taken row;
    if constexpr (std::contiguous_iterator<Iterator>)
      row.assign(std::to_address(first), std::to_address(first) + count);  // one copy of memory
    else
      std::ranges::copy(first, end, std::back_inserter(row));
    return row;
  }

  std::tuple<v1::detail::RangeReader<R>...>
      readers_;         // an lvalue by reference, a temporary by value
  bool ended_ = false;  // one of them has come to its end
};

}  // namespace tandem::inline v1::concurrent::futures::detail
