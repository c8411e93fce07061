// asyncio.as_completed: awaitables in the order in which they get done.
#pragma once
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/detail/awaitables.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/core/timeout.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

// What has been done and not been asked for yet, and who asks.
class TANDEM_API Completions : public std::enable_shared_from_this<Completions> {
 public:
  explicit Completions(LoopState& loop) noexcept : loop_(loop_of(loop)) {}
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  void add(FutureState& future);
  // All are added; the clock starts here.
  void begin(v1::Timeout timeout);
  // One more is asked for; false: no more than these will come.
  bool claim() noexcept { return left_ > 0 && left_-- > 0; }
  // The next one that is done. Throws TimeoutError (it was not, in time).
  static Coroutine<StateHandle> next(std::shared_ptr<Completions> completions);

 private:
  struct Member;
  void is_done(StateHandle future);
  void time_is_over();
  void put(StateHandle future);
  void wake_one();
  void link(Member& member) noexcept;
  void unlink(Member& member) noexcept;

  const EventLoop loop_;
  Member* first_ = nullptr;  // of those that are not done
  std::unordered_set<const FutureState*> known_;
  bool is_over_ = false;          // the time
  std::size_t left_ = 0;          // to be asked for
  std::deque<StateHandle> done_;  // an empty handle: too late
  std::deque<Future<>> waiters_;
  std::optional<TimerHandle> timer_;
};

template <class F>
Coroutine<std::optional<F>> next_future(std::shared_ptr<Completions> completions) {
  co_return Access::adopt<F>(co_await Completions::next(std::move(completions)));
}
template <class T>
Coroutine<T> next_result(std::shared_ptr<Completions> completions) {
  StateHandle done = co_await Completions::next(std::move(completions));
  co_return Access::adopt<Future<T>>(std::move(done)).result();
}
template <class T>
Coroutine<std::optional<T>> nothing_more() {
  co_return std::nullopt;
}

template <class A>
using future_for_t = decltype(ensure_future(std::declval<A>()));

}  // namespace detail

// What as_completed() gives: F is the future, or the task that a coroutine became. It is iterated
// in one of two ways:
//   for (auto& completed : asyncio::as_completed(tasks)) use(co_await std::move(completed));
//   while (auto task = co_await completed.anext()) use(task->result());
// Both go on where they were left. Move-only.
// Spec     asyncio.as-completed
template <class F>
class AsCompleted {
  using T = typename F::value_type;

 public:
  // Gives coroutines: the first that is awaited has the first result, or throws what that has
  // thrown, or TimeoutError.
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Coroutine<T>;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    Coroutine<T>& operator*() const { return *all_->current_; }
    iterator& operator++() {
      all_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !all_->current_; }

   private:
    friend AsCompleted;
    explicit iterator(AsCompleted* all) : all_(all) { all->advance(); }
    AsCompleted* all_ = nullptr;
  };

  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

  // Python's `async for`: the next future that is done; nothing after the last.
  // Throws   when awaited: TimeoutError.
  Coroutine<std::optional<F>> anext() {
    if (!completions_->claim()) return detail::nothing_more<F>();
    return detail::next_future<F>(completions_);
  }

  explicit AsCompleted(std::shared_ptr<detail::Completions> completions)
      : completions_(std::move(completions)) {}

 private:
  void advance() {
    current_.reset();
    if (completions_->claim()) current_.emplace(detail::next_result<T>(completions_));
  }

  std::shared_ptr<detail::Completions> completions_;
  std::optional<Coroutine<T>> current_;
};

// Awaitables one after the other, as they get done. Coroutines become tasks, at once. After the
// timeout what is left throws TimeoutError; nothing is cancelled.
// Throws   RuntimeError (no loop); ValueError (futures of another loop).
// Spec     asyncio.as-completed
template <detail::AwaitableRange R>
auto as_completed(R&& aws, v1::Timeout timeout = {})
    -> AsCompleted<detail::future_for_t<std::ranges::range_value_t<R>>> {
  using F = detail::future_for_t<std::ranges::range_value_t<R>>;
  detail::LoopState& loop = detail::current_event_loop();
  auto completions = std::make_shared<detail::Completions>(loop);
  detail::for_each_awaitable(std::forward<R>(aws), [&](auto&& awaitable) {
    const auto future =
        ensure_future(std::forward<decltype(awaitable)>(awaitable), detail::loop_of(loop));
    completions->add(detail::Access::state(future));
  });
  completions->begin(timeout);
  return AsCompleted<F>(std::move(completions));
}

}  // namespace tandem::inline v1::asyncio
