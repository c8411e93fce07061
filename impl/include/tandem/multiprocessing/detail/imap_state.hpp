// Pool.imap and imap_unordered: results that are taken one by one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/core/wakes.hpp"
#include "tandem/multiprocessing/detail/async_state.hpp"
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

// A task for each chunk of the elements, which come from the call of imap() itself.
template <class T, class F, class A>
class ImapJob final : public ImapSource<T>, ImapState, public Job {
 public:
  ImapJob(F f, bool ordered, std::size_t chunksize)
      : ImapState(ordered), f_(std::move(f)), chunksize_(chunksize) {}

  // The input: all the elements, and what reading them has thrown.
  // Returns  how many tasks they make.
  std::size_t fill(std::vector<A> elements, std::exception_ptr broken) {
    elements_ = std::move(elements);
    // A chunk of which not all could be read is not run: as CPython.
    const std::size_t rest = elements_.size() % chunksize_;
    const std::size_t tasks = elements_.size() / chunksize_ + (rest > 0 && !broken ? 1 : 0);
    results_.resize(tasks + (broken ? 1 : 0));
    left_ = tasks;
    broken_ = broken != nullptr;
    if (broken_) results_[tasks].error = std::move(broken);
    if (broken_ && tasks == 0) add(0);
    set_length(results_.size());
    return tasks;
  }
  void begin(std::shared_ptr<ImapJob> self) noexcept { self_ = std::move(self); }

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

  void encode(std::size_t task, pickle::Output& out) override {
    RemoteChunk<F, A, false>::encode(out, f_, first(task), end(task),
                                     [&](std::size_t i) -> decltype(auto) { return elements_[i]; });
  }
  void decode(std::size_t task, pickle::Input& in, Wakes& wakes) override {
    Result result;
    result.values.reserve(end(task) - first(task));
    for (std::size_t i = first(task); i < end(task); ++i)
      result.values.push_back(receive_result<T>(in));
    set(task, std::move(result), &wakes);
  }
  void fail(std::size_t task, std::exception_ptr error) noexcept override {
    set(task, {.values = {}, .error = std::move(error)});
  }
  void cancel(std::size_t task) noexcept override { fail(task, terminated_error()); }

 private:
  struct Result {
    std::vector<kept_t<T>> values{};
    std::exception_ptr error{};
  };

  std::size_t first(std::size_t task) const noexcept { return task * chunksize_; }
  std::size_t end(std::size_t task) const noexcept {
    return std::min(elements_.size(), (task + 1) * chunksize_);
  }
  Result take(std::size_t task) {
    const std::scoped_lock guard(mutex_);
    return std::exchange(results_[task], {});
  }
  void set(std::size_t task, Result result, Wakes* wakes = nullptr) {
    {
      const std::scoped_lock guard(mutex_);
      results_[task] = std::move(result);
    }
    const auto self = --left_ == 0 ? std::move(self_) : nullptr;
    add(task, wakes);
    // What reading has thrown comes last, also where the order is that of the calls' ends.
    if (left_ == 0 && broken_) add(results_.size() - 1, wakes);
  }

  F f_;
  std::size_t chunksize_;
  std::vector<A> elements_;
  std::vector<Result> results_;  // guarded by mutex_
  std::size_t left_ = 0;         // the pool's thread
  bool broken_ = false;          // the last of the results is what reading has thrown
  std::vector<kept_t<T>> current_;
  std::size_t at_ = 0;  // of current_
  bool ended_ = false;
  std::shared_ptr<ImapJob> self_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
