// asyncio.gather: several awaitables together.
#pragma once
#include <concepts>
#include <cstddef>
#include <exception>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "tandem/asyncio/detail/awaitables.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/asyncio/future.hpp"
#include "tandem/asyncio/task.hpp"

namespace tandem::inline v1::asyncio {

// What became of an awaitable: its result, or what it threw. A value.
template <class T>
class Outcome {
 public:
  explicit Outcome(T result) : outcome_(std::in_place_index<0>, std::move(result)) {}
  explicit Outcome(std::exception_ptr error) : outcome_(std::in_place_index<1>, std::move(error)) {}

  // Whether there is a result.
  explicit operator bool() const noexcept { return outcome_.index() == 0; }
  // Throws   the exception, when there is one.
  const T& result() const& {
    check();
    return std::get<0>(outcome_);
  }
  T result() && {
    check();
    return std::get<0>(std::move(outcome_));
  }
  // Null when there is a result.
  std::exception_ptr exception() const { return *this ? nullptr : std::get<1>(outcome_); }

 private:
  void check() const {
    if (!*this) std::rethrow_exception(std::get<1>(outcome_));
  }
  std::variant<T, std::exception_ptr> outcome_;
};

struct ReturnExceptions {};
inline constexpr ReturnExceptions return_exceptions{};

namespace detail {

template <class T>
using or_monostate_t = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
template <class A>
using gathered_t = or_monostate_t<awaited_t<A>>;

// What gather() knows of its children, whatever their types. It stands within the future that it
// completes, and that lives until each of them is done.
class TANDEM_API Gathering {
  struct Child;

 public:
  // Each in its places; to be taken once.
  class Children {
   public:
    Children() = default;
    explicit Children(std::vector<Child>& all) noexcept : all_(&all) {}
    std::size_t size() const noexcept { return all_ ? all_->size() : 0; }
    StateHandle take(std::size_t n) const { return std::move((*all_)[n].kept); }

   private:
    std::vector<Child>* all_ = nullptr;
  };

  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // cancel(): of its arguments, one after the other. Null: there is none any more.
  FutureState* to_be_cancelled(std::size_t at) noexcept {
    if (outer_.is_done() || has_given_up_ || at >= children_.size()) return nullptr;
    return &children_[at].future;
  }
  void note_cancelled() noexcept { is_cancel_requested_ = true; }

 protected:
  Gathering(FutureState& outer, bool return_exceptions, std::size_t count)
      : outer_(outer), return_exceptions_(return_exceptions) {
    children_.reserve(count);
  }
  virtual ~Gathering() = default;

  void add(const StateHandle& child, bool is_new);
  // All are added. Those that are done already count now.
  void begin();

  // All have results, or may have failed: completes the outer future.
  virtual void collect(Children children) = 0;

 private:
  // One of the arguments, and what stands in the callbacks of its future while it waits for that.
  struct Child : Node {
    Child(Gathering& owner, FutureState& argument) noexcept
        : Node(ops), gathering(owner), future(argument) {}
    static const NodeOps ops;
    Gathering& gathering;
    FutureState& future;
    StateHandle kept{};  // empty while it is a task that runs, which is its loop's
  };
  void wait_for(Child& child);
  void ends_waiting() noexcept;
  bool counts_at_once(const FutureState& child) noexcept;
  void child_is_done(FutureState& child);
  void give_up() noexcept;
  void all_are_done();

  FutureState& outer_;
  const bool return_exceptions_;
  bool has_begun_ = false;
  bool is_cancel_requested_ = false;
  bool has_given_up_ = false;  // it has failed, or one of them will never be done
  std::size_t different_ = 0, done_ = 0, waiting_ = 0;
  // In the order of the arguments. There was room for all from the start, so they stay in place.
  std::vector<Child> children_;
  std::unordered_set<const FutureState*> known_;  // of those that were given as futures
  std::vector<FutureState*> done_before_;
};

// The result of a child, or with ReturnExceptions whatever became of it.
template <class T>
or_monostate_t<T> gathered(StateHandle child) {
  if constexpr (std::is_void_v<T>)
    return Access::adopt<Future<T>>(std::move(child)).result(), std::monostate();
  else
    return Access::adopt<Future<T>>(std::move(child)).result();
}
TANDEM_API std::exception_ptr gathered_failure(FutureState& child);
template <class T>
Outcome<or_monostate_t<T>> gathered_outcome(StateHandle child) {
  using O = Outcome<or_monostate_t<T>>;
  if (std::exception_ptr error = gathered_failure(*child)) return O(std::move(error));
  return O(gathered<T>(std::move(child)));
}

// The future that gather() returns; Collect makes an R of the children.
template <class R, class Collect>
class GatheringFuture final : public FutureValue<R>, private Gathering {
 public:
  static GatheringFuture* make(LoopState& loop, bool return_exceptions, std::size_t count) {
    void* const block = allocate_block(sizeof(GatheringFuture));
    try {
      return ::new (block) GatheringFuture(loop, return_exceptions, count);
    } catch (...) {
      free_block(block, sizeof(GatheringFuture));
      throw;
    }
  }
  using Gathering::add;
  using Gathering::begin;

  Gathering* as_gathering() noexcept override { return this; }

 private:
  GatheringFuture(LoopState& loop, bool return_exceptions, std::size_t count)
      : FutureValue<R>(loop),
        Gathering(static_cast<FutureState&>(*this), return_exceptions, count) {}
  void collect(Gathering::Children children) override {
    this->emplace(Collect()(children));
    this->finish();
  }
  void destroy() noexcept override {
    this->~GatheringFuture();
    free_block(this, sizeof(GatheringFuture));
  }
  const char* class_name() const noexcept override { return "_GatheringFuture"; }
};

// Of each child: its result, or whatever became of it.
template <class T>
struct AsResult {
  using Type = or_monostate_t<T>;
  static Type of(StateHandle child) { return gathered<T>(std::move(child)); }
};
template <class T>
struct AsOutcome {
  using Type = Outcome<or_monostate_t<T>>;
  static Type of(StateHandle child) { return gathered_outcome<T>(std::move(child)); }
};

template <class... As>
struct CollectTuple {
  using Result = std::tuple<typename As::Type...>;
  Result operator()(Gathering::Children children) const {
    return collect(children, std::index_sequence_for<As...>());
  }

 private:
  template <std::size_t... n>
  static Result collect([[maybe_unused]] Gathering::Children children, std::index_sequence<n...>) {
    return Result{As::of(children.take(n))...};
  }
};

// A vector says that it can be copied, also when it cannot.
template <class T>
struct MoveOnlyVector : std::vector<T> {
  MoveOnlyVector() = default;
  MoveOnlyVector(MoveOnlyVector&&) noexcept = default;
  MoveOnlyVector& operator=(MoveOnlyVector&&) noexcept = default;
};
template <class T>
using vector_t = std::conditional_t<std::copy_constructible<T>, std::vector<T>, MoveOnlyVector<T>>;

template <class As>
struct CollectVector {
  using Result = vector_t<typename As::Type>;
  Result operator()(Gathering::Children children) const {
    Result results;
    results.reserve(children.size());
    for (std::size_t n = 0; n < children.size(); ++n) results.push_back(As::of(children.take(n)));
    return results;
  }
};

// Python's loop over the arguments: the first one says which loop, the others have to agree.
template <class Collect>
class Gatherer {
  using R = typename Collect::Result;
  using State = GatheringFuture<R, Collect>;

 public:
  Gatherer(bool return_exceptions, std::size_t count)
      : return_exceptions_(return_exceptions), count_(count) {}

  template <class A>
  void add(A&& awaitable) {
    if (outer_) {
      if constexpr (is_coroutine<A>) {
        const auto task = make_task(outer_->loop(), std::forward<A>(awaitable));
        outer_->add(Access::handle(task), true);
      } else {
        const auto future = ensure_future(std::forward<A>(awaitable), loop_of(outer_->loop()));
        outer_->add(Access::handle(future), false);
      }
      return;
    }
    auto future = ensure_future(std::forward<A>(awaitable));
    make(Access::state(future).loop());
    outer_->add(Access::handle(future), is_coroutine<A>);
  }
  Future<R> finish() && {
    if (!outer_) {
      Future<R> empty(loop_of(current_event_loop()));
      empty.set_result(Collect()({}));
      return empty;
    }
    outer_->begin();
    return Access::adopt<Future<R>>(std::move(handle_));
  }

 private:
  void make(LoopState& loop) {
    outer_ = State::make(loop, return_exceptions_, count_);
    handle_ = StateHandle(outer_);
  }

  const bool return_exceptions_;
  const std::size_t count_;
  State* outer_ = nullptr;
  StateHandle handle_;
};

template <class Collect, class... A>
auto gather_all(bool return_exceptions, A&&... aws) -> Future<typename Collect::Result> {
  Gatherer<Collect> gatherer(return_exceptions, sizeof...(A));
  (gatherer.add(std::forward<A>(aws)), ...);
  return std::move(gatherer).finish();
}
template <class Collect, class R>
auto gather_range(bool return_exceptions, R&& aws) -> Future<typename Collect::Result> {
  if constexpr (std::ranges::sized_range<R>) {
    auto left = static_cast<std::size_t>(std::ranges::size(aws));
    Gatherer<Collect> gatherer(return_exceptions, left);
    for_each_awaitable(std::forward<R>(aws), [&](auto&& awaitable) {
      if (left == 0) return;  // what a child has put in when it was started eagerly
      --left;
      gatherer.add(std::forward<decltype(awaitable)>(awaitable));
    });
    return std::move(gatherer).finish();
  } else {
    std::vector<std::ranges::range_value_t<R>> all;
    for_each_awaitable(std::forward<R>(aws), [&](auto&& awaitable) {
      all.push_back(std::forward<decltype(awaitable)>(awaitable));
    });
    return gather_range<Collect>(return_exceptions, std::move(all));
  }
}

}  // namespace detail

// Runs awaitables concurrently: coroutines become tasks, at once and in this order. The future has
// all their results, in this order: std::monostate for void, and for what has any type, as an
// AnyTask; in a tuple, of a range in a vector.
//   auto [page, size] = co_await asyncio::gather(fetch(url), measure(url));
//   std::vector<int> all = co_await asyncio::gather(std::move(coroutines));
// The first exception of one becomes that of the future, and the others go on; with
// return_exceptions (the first argument) each has an Outcome, and none ends it. Cancelling the
// future cancels all that are not done. A child that was cancelled by itself is a failure.
// Throws   RuntimeError (coroutines, or nothing, and no loop); ValueError (futures of two loops).
// Spec     asyncio.gather
template <Awaitable... A>
auto gather(A&&... aws) -> Future<std::tuple<detail::gathered_t<A>...>> {
  using detail::AsResult, detail::awaited_t;
  return detail::gather_all<detail::CollectTuple<AsResult<awaited_t<A>>...>>(
      false, std::forward<A>(aws)...);
}
template <detail::AwaitableRange R>
auto gather(R&& aws)
    -> Future<detail::vector_t<detail::gathered_t<std::ranges::range_value_t<R>>>> {
  using T = detail::awaited_t<std::ranges::range_value_t<R>>;
  return detail::gather_range<detail::CollectVector<detail::AsResult<T>>>(false,
                                                                          std::forward<R>(aws));
}
template <Awaitable... A>
auto gather(ReturnExceptions, A&&... aws) -> Future<std::tuple<Outcome<detail::gathered_t<A>>...>> {
  using detail::AsOutcome, detail::awaited_t;
  return detail::gather_all<detail::CollectTuple<AsOutcome<awaited_t<A>>...>>(
      true, std::forward<A>(aws)...);
}
template <detail::AwaitableRange R>
auto gather(ReturnExceptions, R&& aws)
    -> Future<detail::vector_t<Outcome<detail::gathered_t<std::ranges::range_value_t<R>>>>> {
  using T = detail::awaited_t<std::ranges::range_value_t<R>>;
  return detail::gather_range<detail::CollectVector<detail::AsOutcome<T>>>(true,
                                                                           std::forward<R>(aws));
}

}  // namespace tandem::inline v1::asyncio
