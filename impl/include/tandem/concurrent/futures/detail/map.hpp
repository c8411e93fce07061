// Executor.map: many calls, their results in the order of the input.
//
// The arguments are cut into chunks; each chunk is one task. A chunk keeps what its calls returned
// up to the first that threw, and that exception.
#pragma once
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "tandem/concurrent/futures/future.hpp"
#include "tandem/core/callable.hpp"
#include "tandem/core/result_range.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

// The result of a call in a map, kept: T | T& | void.
template <class F, class... R>
using mapped_t = std::invoke_result_t<F&, std::ranges::range_value_t<R>...>;
// What a map's range yields: Python's None stands as a monostate.
template <class F, class... R>
using yielded_t =
    std::conditional_t<std::is_void_v<mapped_t<F, R...>>, std::monostate, mapped_t<F, R...>>;

template <class T>
struct ChunkResult {
  std::vector<element_t<T>> values;
  std::exception_ptr error;
};

template <class T, class F, class... A>
class Chunk {  // the task
 public:
  Chunk(std::shared_ptr<F> f, std::vector<std::tuple<A...>> arguments)
      : f_(std::move(f)), arguments_(std::move(arguments)) {}

  ChunkResult<T> operator()() {
    ChunkResult<T> result;
    try {
      result.values.reserve(arguments_.size());
      for (std::tuple<A...>& one : arguments_) result.values.push_back(call(one));
    } catch (...) {
      result.error = std::current_exception();
    }
    return result;
  }

 private:
  element_t<T> call(std::tuple<A...>& arguments) {
    if constexpr (std::is_reference_v<T>)
      return std::addressof(std::apply(*f_, std::move(arguments)));
    else if constexpr (std::is_same_v<T, std::monostate>)
      return std::apply(*f_, std::move(arguments)), std::monostate{};
    else
      return std::apply(*f_, std::move(arguments));
  }

  std::shared_ptr<F> f_;
  std::vector<std::tuple<A...>> arguments_;
};

// Python's generator in Executor.map: `submit_next` submits one more chunk, and returns nothing when
// the arguments are used up.
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
      if (!current_.values.empty()) {
        error_ = current_.error;
        return current_.values;
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
    submit_one();
    try {
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

// Up to `count` tuples of arguments from ranges that are read side by side to the shortest's end.
template <class... R>
class Zip {
 public:
  explicit Zip(R&&... ranges)
      : ranges_(std::forward<R>(ranges)...),
        at_(std::apply([](auto&... r) { return std::tuple(std::ranges::begin(r)...); }, ranges_)) {}

  auto take(std::size_t count) {
    std::vector<std::tuple<std::ranges::range_value_t<R>...>> taken;
    for (; taken.size() < count && !at_end(indices); advance()) take_one(taken, indices);
    return taken;
  }

 private:
  static constexpr auto indices = std::index_sequence_for<R...>{};

  template <std::size_t... I>
  bool at_end(std::index_sequence<I...>) {
    return ((std::get<I>(at_) == std::ranges::end(std::get<I>(ranges_))) || ...);
  }
  template <class V, std::size_t... I>
  void take_one(V& taken, std::index_sequence<I...>) {
    taken.emplace_back(*std::get<I>(at_)...);
  }
  void advance() {
    std::apply([](auto&... at) { (++at, ...); }, at_);
  }

  std::tuple<R...> ranges_;  // an lvalue by reference, a temporary by value
  std::tuple<std::ranges::iterator_t<std::remove_reference_t<R>>...> at_;
};

}  // namespace tandem::inline v1::concurrent::futures::detail
