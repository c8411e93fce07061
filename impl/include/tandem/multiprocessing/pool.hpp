// Python's multiprocessing.Pool: calls run by a pool of processes.
#pragma once
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/async_state.hpp"
#include "tandem/multiprocessing/detail/feed.hpp"
#include "tandem/multiprocessing/detail/imap_state.hpp"
#include "tandem/multiprocessing/detail/remote.hpp"
#include "tandem/multiprocessing/exceptions.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing {

// What a call has returned cannot be sent.
//   what()  Python's text: "Error sending result: '<type>'. Reason: '…'"
class TANDEM_API MaybeEncodingError : public std::runtime_error {
 public:
  MaybeEncodingError(std::string exc, std::string value);
  const std::string& exc() const noexcept { return texts_->exc; }      // why
  const std::string& value() const noexcept { return texts_->value; }  // the result's type

 private:
  struct Texts {
    std::string exc, value;
  };
  std::shared_ptr<const Texts> texts_;  // shared: copying an exception must not throw
};

// What will come of a call, or of many. A handle: copies are the same result.
// Threads  all members by any number of threads at once.
// Order    what the pool's thread did in a callback is visible to whoever learns that it is ready.
// Spec     multiprocessing.pool.async-result
template <class T>
class AsyncResult {
  using State = detail::AsyncValue<T>;

 public:
  using value_type = T;

  // Waits, and returns the result: of a named handle a reference, valid while any handle lives.
  //   timeout  longest wait; default for ever; zero or less polls
  // Throws   TimeoutError; what the call has thrown; WorkerLostError; MaybeEncodingError.
  // Spec     multiprocessing.pool.async-result.get
  auto get(Timeout timeout = {})
      const& -> std::conditional_t<std::is_void_v<T>, void, const detail::kept_t<T>&> {
    state_->get(timeout);
    if constexpr (!std::is_void_v<T>) return state_->value();
  }
  // Of a temporary the value: moved out when this is the last handle, copied otherwise.
  T get(Timeout timeout = {}) && {
    state_->get(timeout);
    if constexpr (!std::is_void_v<T>) return detail::take_value<T>(state_);
  }

  // Waits until it is ready, or for so long.
  void wait(Timeout timeout = {}) const { state_->wait(timeout); }
  bool ready() const { return state_->ready(); }
  // Whether nothing was thrown.
  // Throws   ValueError (not ready).
  bool successful() const { return state_->successful(); }

  // Identity.
  friend bool operator==(const AsyncResult&, const AsyncResult&) = default;

 private:
  friend class Pool;
  explicit AsyncResult(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;  // never null
};

namespace detail {

// What has a next() that returns optionals, as an input range and a view of their values.
template <class Self, class Element>
class ResultView : public std::ranges::view_base {
 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Element;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    Element& operator*() const { return *owner_->current_; }
    iterator& operator++() {
      owner_->step();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !owner_->current_; }

   private:
    friend ResultView;
    explicit iterator(ResultView* owner) : owner_(owner) {}
    ResultView* owner_ = nullptr;
  };

  iterator begin() {
    step();
    return iterator(this);
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  void step() {
    current_.reset();
    current_ = static_cast<Self*>(this)->next();
  }

  std::optional<Element> current_{};
};

template <class T>
class ManagedIterator;  // in pool_proxy.hpp

}  // namespace detail

// Python's IMapIterator: the results one by one. An input range that is read once, and a view;
// move-only. Dropping it before its end abandons the results, not the calls. If a thread still
// reads the input for it, that ends: dropping waits for the element that is being read.
// What a call has thrown is thrown in its place, by begin(), ++ or next(); with chunks of one call
// begin() and next() then go on with the one after it, with larger ones that was the end.
// Threads  one at a time.
// Spec     multiprocessing.pool.imap
template <class T>
class [[nodiscard("dropping it ends the reading of a range")]] IMapIterator
    : public detail::ResultView<IMapIterator<T>, detail::kept_t<T>> {
  using Element = detail::kept_t<T>;

 public:
  // The next result; none: that was all, Python's StopIteration.
  //   timeout  longest wait; default for ever
  // Throws   TimeoutError; what the call has thrown, as above.
  std::optional<Element> next(Timeout timeout = {}) { return source_->next(timeout); }

 private:
  friend class Pool;
  friend class detail::ManagedIterator<T>;
  explicit IMapIterator(std::shared_ptr<detail::ImapSource<T>> source)
      : source_(std::move(source)) {}

  std::shared_ptr<detail::ImapSource<T>> source_;
};

struct PoolOptions {
  std::optional<int> processes{};         // none: as many as there are usable processors
  pickle::PortableCall initializer{};     // called by each worker first; call(f, …) fits
  std::optional<int> maxtasksperchild{};  // a worker ends after so many tasks; none: never
  std::optional<Context> context{};       // none: get_context()
};

// Both are called in the pool's thread, before the result is ready; results are not handed out
// meanwhile. What they throw is logged and ignored.
template <class T>
struct AsyncOptions {
  std::function<void(const detail::kept_t<T>&)> callback{};
  std::function<void(std::exception_ptr)> error_callback{};
};
// The same for many calls; the callback is given all the results.
template <class T>
struct MapAsyncOptions {
  std::optional<std::size_t> chunksize{};  // calls to a task; none: four tasks to a worker
  std::function<void(const std::vector<detail::kept_t<T>>&)> callback{};
  std::function<void(std::exception_ptr)> error_callback{};
};

struct ImapOptions {
  std::size_t chunksize = 1;  // calls to a task; at least 1
  // Python 3.16's: tasks that the input is read ahead of the results which are taken; at least 1.
  // None: all of a range that has a size; of others some for each worker.
  std::optional<std::size_t> buffersize{};
};

// Runs calls in other processes. Move-only; one that was moved from can only be destroyed or
// assigned to.
//
// A function, its arguments and its results cross to another process: see pickle. What a call
// throws comes back as what it was, nested with a RemoteTraceback; exceptions of one's own do so if
// they are named by TANDEM_REGISTER_EXCEPTION, else as a pickle::RemoteError.
// Tasks are begun in the order in which they came. A worker that dies is replaced, and what it
// held fails with WorkerLostError; nothing else is lost.
// A map() of many calls is ready when all of them have been run, also when one has thrown.
// Threads  all members but the destructor, move and assignment by any number at once.
// Order    what was done before a call was handed over is visible to it.
// Spec     multiprocessing.pool
class TANDEM_API Pool {
 public:
  // Throws   ValueError (less than one process; maxtasksperchild less than 1); what start() of a
  //          Process throws.
  explicit Pool(PoolOptions options = {});
  explicit Pool(detail::Count auto processes)
      : Pool(PoolOptions{.processes = detail::clamped_count(processes)}) {}
  Pool(Pool&&) noexcept;
  Pool& operator=(Pool&&) noexcept;
  ~Pool();  // terminate(), as the end of `with` is, and join()

  // f(args...), in a worker.
  // Throws   ValueError (close() or terminate() was called), as all that hand over calls do; and
  //          what AsyncResult::get() throws, as all that return results do.
  // Spec     multiprocessing.pool.apply
  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto apply(F&& f, A&&... args) -> detail::remote_result_t<F, A...> {
    return apply_async(std::forward<F>(f), std::forward<A>(args)...).get();
  }
  // Returns at once.
  // Spec     multiprocessing.pool.apply-async
  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto apply_async(F&& f, A&&... args) -> AsyncResult<detail::remote_result_t<F, A...>> {
    return start<detail::remote_result_t<F, A...>>(
        call(std::forward<F>(f), std::forward<A>(args)...), {});
  }
  // With callbacks: apply_async(call(f, 20), {.callback = print})
  template <class F, class... A>
  auto apply_async(Call<F, A...> task, AsyncOptions<typename Call<F, A...>::result_type> options)
      -> AsyncResult<detail::remote_result_t<F, A...>> {
    using Result = detail::remote_result_t<F, A...>;
    return start<Result>(std::move(task),
                         {std::move(options.callback), std::move(options.error_callback)});
  }

  // f(element) for each element of the range, which is read here and now. The results in the order
  // of the input; of void and of None monostates.
  //   chunksize  calls to a task; none: four tasks to a worker
  // Throws   ValueError (chunksize 0); what the range throws; the first thing that a call has
  //          thrown, when all have been run.
  // Spec     multiprocessing.pool.map
  template <class F, std::ranges::input_range R>
  auto map(F f, R&& r, std::optional<std::size_t> chunksize = {})
      -> std::vector<detail::pool_mapped_t<F, R>> {
    return map_async(std::move(f), std::forward<R>(r), chunksize).get();
  }
  template <class F, class T>
  auto map(F f, std::initializer_list<T> r, std::optional<std::size_t> chunksize = {})
      -> std::vector<detail::pool_mapped_t<F, std::initializer_list<T>>> {
    return map_async(std::move(f), r, chunksize).get();
  }
  // Spec     multiprocessing.pool.map-async
  template <class F, std::ranges::input_range R>
  auto map_async(F f, R&& r, std::optional<std::size_t> chunksize = {})
      -> AsyncResult<std::vector<detail::pool_mapped_t<F, R>>> {
    return start_map<detail::pool_mapped_t<F, R>, false>(std::move(f), r, {.chunksize = chunksize});
  }
  template <class F, class T>
  auto map_async(F f, std::initializer_list<T> r, std::optional<std::size_t> chunksize = {})
      -> AsyncResult<std::vector<detail::pool_mapped_t<F, std::initializer_list<T>>>> {
    return start_map<detail::pool_mapped_t<F, std::initializer_list<T>>, false>(
        std::move(f), r, {.chunksize = chunksize});
  }
  template <class F, std::ranges::input_range R>
  auto map_async(F f, R&& r, MapAsyncOptions<detail::pool_mapped_t<F, R>> options)
      -> AsyncResult<std::vector<detail::pool_mapped_t<F, R>>> {
    return start_map<detail::pool_mapped_t<F, R>, false>(std::move(f), r, std::move(options));
  }
  template <class F, class T>
  auto map_async(F f, std::initializer_list<T> r,
                 MapAsyncOptions<detail::pool_mapped_t<F, std::initializer_list<T>>> options)
      -> AsyncResult<std::vector<detail::pool_mapped_t<F, std::initializer_list<T>>>> {
    return start_map<detail::pool_mapped_t<F, std::initializer_list<T>>, false>(std::move(f), r,
                                                                                std::move(options));
  }

  // f(*element): the elements are tuples of arguments. Else as map().
  // Spec     multiprocessing.pool.starmap
  template <class F, std::ranges::input_range R>
  auto starmap(F f, R&& r, std::optional<std::size_t> chunksize = {})
      -> std::vector<detail::pool_starmapped_t<F, R>> {
    return starmap_async(std::move(f), std::forward<R>(r), chunksize).get();
  }
  template <class F, class T>
  auto starmap(F f, std::initializer_list<T> r, std::optional<std::size_t> chunksize = {})
      -> std::vector<detail::pool_starmapped_t<F, std::initializer_list<T>>> {
    return starmap_async(std::move(f), r, chunksize).get();
  }
  // Spec     multiprocessing.pool.starmap-async
  template <class F, std::ranges::input_range R>
  auto starmap_async(F f, R&& r, std::optional<std::size_t> chunksize = {})
      -> AsyncResult<std::vector<detail::pool_starmapped_t<F, R>>> {
    return start_map<detail::pool_starmapped_t<F, R>, true>(std::move(f), r,
                                                            {.chunksize = chunksize});
  }
  template <class F, class T>
  auto starmap_async(F f, std::initializer_list<T> r, std::optional<std::size_t> chunksize = {})
      -> AsyncResult<std::vector<detail::pool_starmapped_t<F, std::initializer_list<T>>>> {
    return start_map<detail::pool_starmapped_t<F, std::initializer_list<T>>, true>(
        std::move(f), r, {.chunksize = chunksize});
  }
  template <class F, std::ranges::input_range R>
  auto starmap_async(F f, R&& r, MapAsyncOptions<detail::pool_starmapped_t<F, R>> options)
      -> AsyncResult<std::vector<detail::pool_starmapped_t<F, R>>> {
    return start_map<detail::pool_starmapped_t<F, R>, true>(std::move(f), r, std::move(options));
  }
  template <class F, class T>
  auto starmap_async(
      F f, std::initializer_list<T> r,
      MapAsyncOptions<detail::pool_starmapped_t<F, std::initializer_list<T>>> options)
      -> AsyncResult<std::vector<detail::pool_starmapped_t<F, std::initializer_list<T>>>> {
    return start_map<detail::pool_starmapped_t<F, std::initializer_list<T>>, true>(
        std::move(f), r, std::move(options));
  }

  // As map(), but the results are handed out one by one, as they come. What the range throws is
  // thrown in the place of the element that is missing.
  // A range that has a size is read here and now. One that has none may be endless, or slow:
  // imap() returns at once, and a thread of its own reads the range, no further than some tasks
  // ahead of the results that are taken. The same with a buffersize, whatever the range.
  // What is read by a thread: a named range must outlive the iterator, a temporary one is kept
  // (and destroyed by that thread, when it has been read). Whatever its elements are made of is
  // used by that thread while the results are taken. A range that waits holds up no other call.
  // close() leaves it alone. join() waits for the range to end: it is read on, whether results are
  // taken or not; but with a buffersize no further than that, and if something is left, the
  // iterator throws ValueError "Pool not running" in its place. So before join() of an endless
  // range its iterator has to be dropped, if it has no buffersize. terminate() waits for no range.
  //   chunksize  calls to a task; at least 1
  // Throws   ValueError (chunksize 0, buffersize 0).
  // Spec     multiprocessing.pool.imap
  template <class F, std::ranges::input_range R>
  auto imap(F f, R&& r, std::size_t chunksize = 1) -> IMapIterator<detail::pool_mapped_t<F, R>> {
    return start_imap<detail::pool_mapped_t<F, R>>(std::move(f), std::forward<R>(r), chunksize,
                                                   true);
  }
  template <class F, class T>
  auto imap(F f, std::initializer_list<T> r, std::size_t chunksize = 1)
      -> IMapIterator<detail::pool_mapped_t<F, std::initializer_list<T>>> {
    return start_imap<detail::pool_mapped_t<F, std::initializer_list<T>>>(std::move(f), r,
                                                                          chunksize, true);
  }
  // With a buffersize: imap(f, lines, {.buffersize = 8})
  template <class F, std::ranges::input_range R>
  auto imap(F f, R&& r, ImapOptions options) -> IMapIterator<detail::pool_mapped_t<F, R>> {
    return start_imap<detail::pool_mapped_t<F, R>>(std::move(f), std::forward<R>(r), options, true);
  }
  template <class F, class T>
  auto imap(F f, std::initializer_list<T> r, ImapOptions options)
      -> IMapIterator<detail::pool_mapped_t<F, std::initializer_list<T>>> {
    return imap(std::move(f), std::vector<T>(r), options);
  }
  // In any order: as the calls get done.
  // Spec     multiprocessing.pool.imap-unordered
  template <class F, std::ranges::input_range R>
  auto imap_unordered(F f, R&& r, std::size_t chunksize = 1)
      -> IMapIterator<detail::pool_mapped_t<F, R>> {
    return start_imap<detail::pool_mapped_t<F, R>>(std::move(f), std::forward<R>(r), chunksize,
                                                   false);
  }
  template <class F, class T>
  auto imap_unordered(F f, std::initializer_list<T> r, std::size_t chunksize = 1)
      -> IMapIterator<detail::pool_mapped_t<F, std::initializer_list<T>>> {
    return start_imap<detail::pool_mapped_t<F, std::initializer_list<T>>>(std::move(f), r,
                                                                          chunksize, false);
  }
  template <class F, std::ranges::input_range R>
  auto imap_unordered(F f, R&& r, ImapOptions options)
      -> IMapIterator<detail::pool_mapped_t<F, R>> {
    return start_imap<detail::pool_mapped_t<F, R>>(std::move(f), std::forward<R>(r), options,
                                                   false);
  }
  template <class F, class T>
  auto imap_unordered(F f, std::initializer_list<T> r, ImapOptions options)
      -> IMapIterator<detail::pool_mapped_t<F, std::initializer_list<T>>> {
    return imap_unordered(std::move(f), std::vector<T>(r), options);
  }

  // No call is taken any more; when all have been run, the workers end.
  // Spec     multiprocessing.pool.close
  void close();
  // Ends the workers at once, with SIGTERM. What has not been run fails with WorkerLostError.
  // Spec     multiprocessing.pool.terminate
  void terminate();
  // Waits until the workers have ended.
  // Throws   ValueError "Pool is still running" (neither closed nor terminated).
  // Spec     multiprocessing.pool.join
  void join();

  // Python's repr: "<multiprocessing.pool.Pool state=RUN pool_size=4>".
  TANDEM_API friend std::string to_string(const Pool& pool);
  friend std::ostream& operator<<(std::ostream& out, const Pool& pool) {
    return out << to_string(pool);
  }

 private:
  // Throws   ValueError "Pool not running".
  void check_running() const;
  std::size_t workers() const noexcept;
  bool spares_a_processor() const noexcept;
  // Throws   ValueError (the same, chunksize 0).
  void check_imap(std::size_t chunksize) const;
  // Hands over the tasks from 0 to before `tasks`. If it throws, none of them is run.
  void post(detail::Job& job, std::size_t tasks);
  // Begins to read the tasks of a job. If it throws, none of them is run.
  void feed(const std::shared_ptr<detail::Feed>& feed, detail::Job& job,
            std::optional<std::size_t> buffersize);

  template <class T, class C>
  AsyncResult<T> start(C task, detail::Callbacks<T> callbacks) {
    check_running();
    auto job = std::make_shared<detail::ApplyJob<T, C>>(std::move(task), std::move(callbacks));
    hand_over(job, 1);
    return AsyncResult<T>(std::move(job));
  }

  template <class T, bool star, class F, class R>
  AsyncResult<std::vector<T>> start_map(F f, R& range, MapAsyncOptions<T> options) {
    using Element = std::ranges::range_value_t<R>;
    check_running();
    std::vector<Element> elements = detail::elements_of(range);
    const std::size_t size =
        options.chunksize.value_or(detail::default_chunksize(elements.size(), workers()));
    if (size < 1 && !elements.empty()) throw ValueError("Chunksize must be 1+, not 0");
    using Job = detail::MapJob<T, F, Element, star>;
    auto job =
        std::make_shared<Job>(std::move(f), std::move(elements), size,
                              detail::Callbacks<std::vector<T>>{std::move(options.callback),
                                                                std::move(options.error_callback)});
    if (const std::size_t tasks = job->tasks()) hand_over(job, tasks);
    return AsyncResult<std::vector<T>>(std::move(job));
  }

  template <class T, class F, class R>
  IMapIterator<T> start_imap(F f, R&& range, std::size_t chunksize, bool ordered) {
    if constexpr (std::ranges::sized_range<R>)
      return imap_of_all<T>(std::move(f), range, chunksize, ordered);
    else
      return lazy_imap<T>(std::move(f), std::forward<R>(range), {.chunksize = chunksize}, ordered);
  }
  template <class T, class F, class R>
  IMapIterator<T> start_imap(F f, R&& range, ImapOptions options, bool ordered) {
    if (std::ranges::sized_range<R> && !options.buffersize)
      return start_imap<T>(std::move(f), std::forward<R>(range), options.chunksize, ordered);
    return lazy_imap<T>(std::move(f), std::forward<R>(range), options, ordered);
  }

  template <class T, class F, class R>
  IMapIterator<T> imap_of_all(F f, R& range, std::size_t chunksize, bool ordered) {
    using Element = std::ranges::range_value_t<R>;
    check_imap(chunksize);
    using Job = detail::ImapJob<T, F, Element>;
    auto job = std::make_shared<Job>(std::move(f), ordered, chunksize);
    std::exception_ptr broken;
    std::vector<Element> elements = detail::elements_of(range, broken);
    if (const std::size_t tasks = job->fill(std::move(elements), broken)) hand_over(job, tasks);
    return IMapIterator<T>(std::move(job));
  }
  template <class T, class F, class R>
  IMapIterator<T> lazy_imap(F f, R&& range, ImapOptions options, bool ordered) {
    check_imap(options.chunksize);
    if (options.buffersize && *options.buffersize < 1)
      throw ValueError("buffersize must be None or > 0");
    using Job = detail::LazyImapJob<T, F, R>;
    auto job =
        std::make_shared<Job>(std::move(f), std::forward<R>(range), ordered, options.chunksize);
    feed(job, *job, options.buffersize);
    return IMapIterator<T>(Job::source(std::move(job)));
  }

  template <class J>
  void hand_over(const std::shared_ptr<J>& job, std::size_t tasks) {
    job->begin(job);
    if constexpr (std::derived_from<J, detail::AsyncState>)
      if (!spares_a_processor()) job->must_not_spin();
    try {
      post(*job, tasks);
    } catch (...) {
      job->begin({});
      throw;
    }
  }

  struct Running;
  std::unique_ptr<Running> running_;
};

// ---- what a Context makes ----

inline multiprocessing::Pool Context::Pool(PoolOptions options) const {
  options.context = *this;
  return multiprocessing::Pool(std::move(options));
}
inline multiprocessing::Pool Context::Pool() const { return Pool(PoolOptions{}); }
multiprocessing::Pool Context::Pool(detail::Count auto processes) const {
  return Pool(PoolOptions{.processes = detail::clamped_count(processes)});
}

}  // namespace tandem::inline v1::multiprocessing
