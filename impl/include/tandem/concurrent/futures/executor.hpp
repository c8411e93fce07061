// concurrent.futures.Executor: what runs calls, and what makes an executor.
#pragma once
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/concurrent/futures/detail/map.hpp"
#include "tandem/concurrent/futures/future.hpp"
#include "tandem/core/callable.hpp"
#include "tandem/core/result_range.hpp"

namespace tandem::inline v1::detail {
template <class T>
struct Prefetched;  // queue/detail/store.hpp: queues know which item comes next
}

namespace tandem::inline v1::concurrent::futures {

struct ShutdownOptions {
  bool wait = true;             // until all that was submitted is done and the workers have ended
  bool cancel_futures = false;  // cancel what has not started
};

struct MapOptions {
  Timeout timeout{};                        // for all results, from the call of map() on
  std::size_t chunksize = 1;                // calls to a task; at least 1
  std::optional<std::size_t> buffersize{};  // tasks submitted ahead of the iteration; none: all
};

namespace detail {

// Executor.map of every executor: checks the options, and cuts the ranges into chunks.
//   submit  hands over one chunk, given the function, the arguments and where the results go;
//           returns its future
template <class Result, class F, class Submit, class... R>
auto map_chunks(F f, const MapOptions& options, Submit submit, R&&... ranges) {
  if (options.chunksize < 1) throw ValueError("chunksize must be >= 1.");
  if (options.buffersize && *options.buffersize < 1)
    throw ValueError("buffersize must be None or > 0");
  auto function = std::make_shared<F>(std::move(f));
  auto zip = std::make_shared<Zip<R...>>(std::forward<R>(ranges)...);
  ResultRow<Result> results;
  if constexpr (Countable<R...>)
    if (const std::size_t calls = zip->left(); calls > 0 && !options.buffersize)
      results = make_row<Result>(calls);
  auto submit_next = [submit, function, zip, results, size = options.chunksize]() mutable
      -> std::optional<Future<ChunkResult<Result>>> {
    auto arguments = zip->take(size);
    const std::size_t calls = std::get<0>(arguments).size();
    if (calls == 0) return {};
    auto row = results;
    if (results) results = {results, results.get() + calls};
    return submit(function, std::move(arguments), std::move(row));
  };
  return ResultRange<Result>(std::make_unique<MapResults<Result>>(
      std::move(submit_next), options.timeout, options.buffersize));
}

}  // namespace detail

// What generic code asks of an executor.
template <class E>
concept Executor = requires(E& executor, int (*f)(int), std::vector<int> xs) {
  { executor.submit(f, 1) } -> std::same_as<Future<int>>;
  { executor.map(f, xs) } -> std::ranges::input_range;
  executor.shutdown(ShutdownOptions{});
};

// A submitted call on its way to a worker: what post() of an executor is given. Move-only. One
// that dies without having run cancels its future, and tells those who wait for it.
// Spec     futures.executor.work-item
class WorkItem {
 public:
  WorkItem(WorkItem&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  WorkItem& operator=(WorkItem&& other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~WorkItem() {
    if (task_) abandon();
  }

  // Calls the function, unless its future was cancelled, and sets the future. Once. noexcept:
  // what the function throws is the future's.
  void run() noexcept {
    run([] {});
  }
  // The same; before_done() is called when the function has returned, before the future is done.
  template <std::invocable F>
  void run(F&& before_done) noexcept {
    detail::FutureState* task = std::exchange(task_, nullptr);
    if (task->is_forgotten()) {  // then it can neither be cancelled nor seen to be done
      task->compute();
      before_done();
      return task->destroy();
    }
    const bool wanted = task->start_claimed();
    wanted ? task->compute() : task->discard();
    before_done();
    if (wanted) task->finish();
    task->drop_work();
  }
  // Sets the future to an exception instead, unless it was cancelled. Once.
  TANDEM_API void fail(std::exception_ptr error) noexcept;

 private:
  friend class ExecutorBase;
  friend class ThreadPool;
  friend struct v1::detail::Prefetched<WorkItem>;
  explicit WorkItem(detail::FutureState* task) : task_(task) {}
  TANDEM_API void abandon() noexcept;

  detail::FutureState* task_;
};

// The base of executors that stay in this process: a new one has only post() and shutdown() to
// write. Neither copied nor moved.
// Threads  submit(), map() and shutdown() by any number of threads at once.
// Spec     futures.executor
class TANDEM_API ExecutorBase {
 public:
  ExecutorBase(const ExecutorBase&) = delete;
  ExecutorBase& operator=(const ExecutorBase&) = delete;
  virtual ~ExecutorBase();

  // Has f(args...) called by a worker. Both are bound by value; std::ref passes a reference.
  // Throws   RuntimeError (after shutdown() or at exit); BrokenExecutor; what post() throws.
  // Order    what was done before submit() is visible to the call.
  // Spec     futures.executor.submit
  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto submit(F&& f, A&&... args) -> Future<detail::result_of_call_t<F, A...>> {
    using Result = detail::result_of_call_t<F, A...>;
    auto* task = detail::Task<Result, detail::call_t<F, A...>>::make(
        std::in_place, std::forward<F>(f), std::forward<A>(args)...);
    auto future = detail::Access::adopt<Future<Result>>(*task);
    post(WorkItem(task));
    return future;
  }

  // Calls f with the elements of the ranges, read side by side to the end of the shortest, and
  // yields the results in their order. All is submitted before map() returns (but see
  // buffersize), and the elements of containers are copied. Views that only look at elements
  // (std::span, std::views::iota) are read by the calls instead, where all ranges have random
  // access and a size: what they look at must outlive the iteration to its end, or else
  // the executor's shutdown(), since calls that run are not cancelled. Once begun, an iteration
  // that ends early, for whatever reason, cancels what has not started. With a buffersize the
  // executor and named ranges must outlive the iteration. Options come last, in braces, where there
  // are three ranges at most; four or more go without.
  // Throws   as submit(); ValueError (chunksize, buffersize); while iterated: what a call has
  //          thrown, in its place; TimeoutError.
  // Spec     futures.executor.map
  template <class F, std::ranges::input_range R>
  auto map(F f, R&& r, MapOptions options = {}) -> detail::ResultRange<detail::yielded_t<F, R>> {
    return map_all(std::move(f), options, std::forward<R>(r));
  }
  template <class F, class T>
  auto map(F f, std::initializer_list<T> r, MapOptions options = {})
      -> detail::ResultRange<detail::yielded_t<F, std::initializer_list<T>>> {
    return map_all(std::move(f), options, std::vector<T>(r));
  }
  template <class F, std::ranges::input_range R, std::ranges::input_range S>
  auto map(F f, R&& r, S&& s, MapOptions options = {})
      -> detail::ResultRange<detail::yielded_t<F, R, S>> {
    return map_all(std::move(f), options, std::forward<R>(r), std::forward<S>(s));
  }
  template <class F, std::ranges::input_range R, std::ranges::input_range S,
            std::ranges::input_range T>
  auto map(F f, R&& r, S&& s, T&& t, MapOptions options = {})
      -> detail::ResultRange<detail::yielded_t<F, R, S, T>> {
    return map_all(std::move(f), options, std::forward<R>(r), std::forward<S>(s),
                   std::forward<T>(t));
  }
  template <class F, std::ranges::input_range... R>
  requires(sizeof...(R) > 3) auto map(F f, R&&... rs)
      -> detail::ResultRange<detail::yielded_t<F, R...>> {
    return map_all(std::move(f), {}, std::forward<R>(rs)...);
  }

  // Ends the intake and frees what the executor holds, now or when all is done.
  // Spec     futures.executor.shutdown
  virtual void shutdown(ShutdownOptions options = {}) = 0;

 protected:
  ExecutorBase() = default;
  // Takes in a call, to be run later by item.run(). May throw to refuse it. To be overridden; this
  // one throws RuntimeError. A daemon may call it when the program ends and destroys the executor,
  // so it cannot be pure.
  virtual void post(WorkItem item);

 private:
  template <class F, class... R>
  auto map_all(F f, MapOptions options, R&&... ranges) {
    using Result = detail::yielded_t<F, R...>;
    return detail::map_chunks<Result>(
        std::move(f), options,
        [this](auto function, auto arguments, auto row) {
          using Work = detail::Chunk<Result, F, R...>;
          return this->submit(Work(std::move(function), std::move(arguments), std::move(row)));
        },
        std::forward<R>(ranges)...);
  }
};

}  // namespace tandem::inline v1::concurrent::futures
