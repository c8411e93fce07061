// Pool.imap and imap_unordered: results that are taken one by one.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/range_reader.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/core/wakes.hpp"
#include "tandem/multiprocessing/detail/async_state.hpp"
#include "tandem/multiprocessing/detail/feed.hpp"
#include "tandem/multiprocessing/detail/job.hpp"
#include "tandem/multiprocessing/detail/remote.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// The order in which results are handed out, whatever they are: numbers of tasks.
class TANDEM_API ImapState {
 public:
  ImapState(const ImapState&) = delete;
  ImapState& operator=(const ImapState&) = delete;

 protected:
  explicit ImapState(bool ordered) : ordered_(ordered) {}
  ~ImapState() = default;

  // One more task is done.
  void add(std::size_t task, Wakes* wakes = nullptr);
  // There are so many.
  void set_length(std::size_t length) noexcept;
  // Until there is a task whose result is to be handed out, or there are no more. Returns whether.
  bool wait(Timeout timeout);
  // That task, waiting for it; none: there are no more.
  // Throws   TimeoutError.
  std::optional<std::size_t> next(Timeout timeout);

  v1::detail::Mutex mutex_;

 private:
  void signal(Wakes* wakes) noexcept;

  const bool ordered_;
  std::deque<std::size_t> ready_;  // guarded by mutex_, as are all
  std::set<std::size_t> early_;    // done before one that comes before them
  std::size_t index_ = 0;          // how many have come to ready_
  std::optional<std::size_t> length_;
  bool waiting_ = false;  // somebody is about to sleep on changes_
  seam::atomic<std::uint32_t> changes_{0};
};

// What the iterator sees of the job.
template <class T>
class ImapSource {
 public:
  virtual ~ImapSource() = default;
  // Until next() would not wait. Returns whether.
  virtual bool wait(Timeout timeout) = 0;
  virtual std::optional<kept_t<T>> next(Timeout timeout) = 0;
};

// The results of a task at a time, of which the iterator takes one after the other.
template <class T>
class ImapResults : public ImapSource<T>, protected ImapState {
 public:
  bool wait(Timeout timeout) override {
    return at_ < current_.size() || ended_ || ImapState::wait(timeout);
  }
  std::optional<kept_t<T>> next(Timeout timeout) override {
    if (at_ == current_.size()) {
      if (ended_) return {};
      const std::optional<std::size_t> task = ImapState::next(timeout);
      if (!task) return {};
      Result result = take(*task);
      if (result.error) {
        ended_ = chunksize_ > 1;  // Python's generator has ended when something was thrown
        std::rethrow_exception(result.error);
      }
      current_ = std::move(result.values);
      at_ = 0;
    }
    return std::move(current_[at_++]);
  }

 protected:
  struct Result {
    std::vector<kept_t<T>> values{};
    std::exception_ptr error{};
  };

  ImapResults(bool ordered, std::size_t chunksize) : ImapState(ordered), chunksize_(chunksize) {}

  static Result receive(std::size_t calls, pickle::Input& in) {
    Result result;
    result.values.reserve(calls);
    for (std::size_t i = 0; i < calls; ++i) result.values.push_back(receive_result<T>(in));
    return result;
  }

  const std::size_t chunksize_;

 private:
  virtual Result take(std::size_t task) = 0;

  std::vector<kept_t<T>> current_;
  std::size_t at_ = 0;  // of current_
  bool ended_ = false;
};

// A task for each chunk of the elements, which come from the call of imap() itself.
template <class T, class F, class A>
class ImapJob final : public ImapResults<T>, public Job {
  using Result = typename ImapResults<T>::Result;

 public:
  ImapJob(F f, bool ordered, std::size_t chunksize)
      : ImapResults<T>(ordered, chunksize), f_(std::move(f)) {}

  // The input: all the elements, and what reading them has thrown.
  // Returns  how many tasks they make.
  std::size_t fill(std::vector<A> elements, std::exception_ptr broken) {
    elements_ = std::move(elements);
    // A chunk of which not all could be read is not run: as CPython.
    const std::size_t rest = elements_.size() % this->chunksize_;
    const std::size_t tasks = elements_.size() / this->chunksize_ + (rest > 0 && !broken ? 1 : 0);
    results_.resize(tasks + (broken ? 1 : 0));
    left_ = tasks;
    broken_ = broken != nullptr;
    if (broken_) results_[tasks].error = std::move(broken);
    if (broken_ && tasks == 0) this->add(0);
    this->set_length(results_.size());
    return tasks;
  }
  void begin(std::shared_ptr<ImapJob> self) noexcept { self_ = std::move(self); }

  void encode(std::size_t task, pickle::Output& out) override {
    RemoteChunk<F, A, false>::encode(out, f_, first(task), end(task),
                                     [&](std::size_t i) -> decltype(auto) { return elements_[i]; });
  }
  void decode(std::size_t task, pickle::Input& in, Wakes& wakes) override {
    set(task, this->receive(end(task) - first(task), in), &wakes);
  }
  void fail(std::size_t task, std::exception_ptr error) noexcept override {
    set(task, {.values = {}, .error = std::move(error)});
  }
  void cancel(std::size_t task) noexcept override { fail(task, terminated_error()); }

 private:
  std::size_t first(std::size_t task) const noexcept { return task * this->chunksize_; }
  std::size_t end(std::size_t task) const noexcept {
    return std::min(elements_.size(), (task + 1) * this->chunksize_);
  }
  Result take(std::size_t task) override {
    const std::scoped_lock guard(this->mutex_);
    return std::exchange(results_[task], {});
  }
  void set(std::size_t task, Result result, Wakes* wakes = nullptr) {
    {
      const std::scoped_lock guard(this->mutex_);
      results_[task] = std::move(result);
    }
    const auto self = --left_ == 0 ? std::move(self_) : nullptr;
    this->add(task, wakes);
    // What reading has thrown comes last, also where the order is that of the calls' ends.
    if (left_ == 0 && broken_) this->add(results_.size() - 1, wakes);
  }

  F f_;
  std::vector<A> elements_;
  std::vector<Result> results_;  // guarded by mutex_
  std::size_t left_ = 0;         // the pool's thread
  bool broken_ = false;          // the last of the results is what reading has thrown
  std::shared_ptr<ImapJob> self_;
};

// The same for a range that is read meanwhile.
//   R  T& for a range that somebody else keeps, T for one that is kept here
template <class T, class F, class R>
class LazyImapJob final : public ImapResults<T>, public Feed, public Job {
  using Result = typename ImapResults<T>::Result;
  using Element = std::ranges::range_value_t<R>;

 public:
  LazyImapJob(F f, R&& range, bool ordered, std::size_t chunksize)
      : ImapResults<T>(ordered, chunksize),
        f_(std::move(f)),
        reader_(std::in_place, std::forward<R>(range)) {}

  // For the iterator: when the last copy is gone, the range is read no further.
  static std::shared_ptr<ImapSource<T>> source(std::shared_ptr<LazyImapJob> job) {
    ImapSource<T>* const self = job.get();
    return {self, [job = std::move(job)](auto*) { job->abandon(); }};
  }

  void encode(std::size_t task, pickle::Output& out) override {
    const std::vector<Element>& elements = task_at(task).elements;
    RemoteChunk<F, Element, false>::encode(
        out, f_, 0, elements.size(), [&](std::size_t i) -> decltype(auto) { return elements[i]; });
  }
  void decode(std::size_t task, pickle::Input& in, Wakes& wakes) override {
    set(task, this->receive(task_at(task).elements.size(), in), &wakes);
  }
  void fail(std::size_t task, std::exception_ptr error) noexcept override {
    set(task, {.values = {}, .error = std::move(error)});
  }
  void cancel(std::size_t task) noexcept override { fail(task, terminated_error()); }

 private:
  // From when it is read until its result is taken.
  struct Task {
    std::vector<Element> elements{};  // until it is done
    Result result{};
  };

  bool read(std::size_t task) override {
    std::vector<Element> elements;
    while (elements.size() < this->chunksize_ && !is_ended() && has_more())
      elements.push_back(*reader_->at());
    if (elements.empty()) return false;
    const std::scoped_lock guard(this->mutex_);
    tasks_[task].elements = std::move(elements);
    return true;
  }
  bool has_more() override {
    if (!at_end_) at_end_ = !reader_->step();
    return !at_end_;
  }
  void close() noexcept override { reader_.reset(); }

  void length_is(std::size_t length) noexcept override { this->set_length(length); }
  void add_error(std::size_t task, std::exception_ptr error) noexcept override {
    put(task, {.values = {}, .error = std::move(error)});
    this->add(task);
  }

  Task& task_at(std::size_t task) {
    const std::scoped_lock guard(this->mutex_);
    return tasks_[task];  // stays where it is
  }
  void put(std::size_t task, Result result) {
    Task done{.elements = {}, .result = std::move(result)};
    const std::scoped_lock guard(this->mutex_);
    std::swap(tasks_[task], done);  // so that elements go without the mutex
  }
  void set(std::size_t task, Result result, Wakes* wakes = nullptr) {
    put(task, std::move(result));
    this->add(task, wakes);
    this->did_one();
  }
  Result take(std::size_t task) override {
    std::unique_lock guard(this->mutex_);
    auto taken = tasks_.extract(task);
    guard.unlock();
    this->took_one();
    return std::move(taken.mapped().result);
  }

  F f_;
  std::optional<v1::detail::RangeReader<R>> reader_;  // while it reads
  bool at_end_ = false;
  std::unordered_map<std::size_t, Task> tasks_;  // guarded by mutex_
};

}  // namespace tandem::inline v1::multiprocessing::detail
