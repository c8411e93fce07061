// concurrent.futures.as_completed: futures in the order in which they get done.
#pragma once
#include <initializer_list>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/concurrent/futures/detail/watch.hpp"
#include "tandem/concurrent/futures/future_set.hpp"
#include "tandem/core/result_range.hpp"

namespace tandem::inline v1::concurrent::futures {

namespace detail {

template <class F>
class AsCompleted final : public ResultSource<F> {
 public:
  template <class R>
  AsCompleted(R&& fs, Timeout timeout) : futures_(distinct<F>(fs)), timeout_(timeout) {
    states_of(futures_);  // throws for a moved-from handle
  }

  std::span<F> next() override {
    if (!completions_) begin();
    if (yielded_ > 0) const F released = std::move(futures_[last_]);  // as Python: kept no longer
    if (yielded_ == futures_.size()) return {};
    if (!completions_->has_one()) v1::detail::refuse_too_large(timeout_);
    last_ = completions_->next(until_);
    ++yielded_;
    return {&futures_[last_], 1};
  }

 private:
  // At the first step, as Python's generator: the clock starts here.
  void begin() {
    until_ = Deadline::after(timeout_);
    completions_.emplace(states_of(futures_));
  }

  std::vector<F> futures_;
  Timeout timeout_;
  Deadline until_;
  std::size_t yielded_ = 0, last_ = 0;
  std::optional<Completions> completions_;  // after futures_: it goes first
};

template <class F, class R>
ResultRange<F> completed_of(R&& fs, Timeout timeout) {
  return ResultRange<F>(std::make_unique<AsCompleted<F>>(std::forward<R>(fs), timeout));
}

}  // namespace detail

// Each future once, as soon as it is done (as for wait()), those first that are done already.
//   timeout  from the first step on; default for ever
// Throws   while iterated: TimeoutError "1 (of 2) futures unfinished".
// Spec     futures.as-completed
template <FutureRange R>
requires(!FutureMap<R>) auto as_completed(R&& fs, Timeout timeout = {})
    -> detail::ResultRange<std::ranges::range_value_t<R>> {
  return detail::completed_of<std::ranges::range_value_t<R>>(fs, timeout);
}
template <FutureMap M>
auto as_completed(M&& fs, Timeout timeout = {})
    -> detail::ResultRange<typename std::remove_cvref_t<M>::key_type> {
  using F = typename std::remove_cvref_t<M>::key_type;
  return detail::completed_of<F>(std::views::keys(fs), timeout);
}
template <class T>
auto as_completed(std::initializer_list<Future<T>> fs, Timeout timeout = {})
    -> detail::ResultRange<Future<T>> {
  return detail::completed_of<Future<T>>(fs, timeout);
}
inline auto as_completed(std::initializer_list<AnyFuture> fs, Timeout timeout = {})
    -> detail::ResultRange<AnyFuture> {
  return detail::completed_of<AnyFuture>(fs, timeout);
}

}  // namespace tandem::inline v1::concurrent::futures
