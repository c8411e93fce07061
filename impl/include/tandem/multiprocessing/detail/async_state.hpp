// What the handles on a result of a Pool share, and the jobs that fill it.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/core/caught.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/core/wakes.hpp"
#include "tandem/multiprocessing/detail/job.hpp"
#include "tandem/multiprocessing/detail/remote.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Whether it is there, and what went wrong. Written by the pool's thread until ready() is true.
class TANDEM_API AsyncState {
 public:
  AsyncState(const AsyncState&) = delete;
  AsyncState& operator=(const AsyncState&) = delete;

  bool ready() const noexcept {
    return word_.load(std::memory_order_acquire) == done;  // pairs with release in set_done()
  }
  void wait(Timeout timeout) const;
  // Throws   ValueError "<multiprocessing.pool.ApplyResult object at 0x…> not ready".
  bool successful() const;
  // Waits. Throws TimeoutError, what the call has thrown.
  void get(Timeout timeout) const;
  // Before the handle is given away: who waits would keep a worker from its processor.
  void must_not_spin() noexcept { may_spin_ = false; }

 protected:
  explicit AsyncState(const char* type) : type_(type) {}
  ~AsyncState() = default;

  void set_done(Wakes* wakes = nullptr) noexcept;

  std::exception_ptr error_;

 private:
  const char* const type_;  // as CPython's repr has it
  bool may_spin_ = true;
  static constexpr std::uint32_t waited_for = 1, done = 2;
  mutable seam::atomic<std::uint32_t> word_{0};  // who is about to sleep makes 0 waited_for
};

// With its value, a T; T may be void.
template <class T>
class AsyncValue : public AsyncState {
 public:
  // Once ready() without an error.
  kept_t<T>& value() noexcept { return *value_; }
  const kept_t<T>& value() const noexcept { return *value_; }

 protected:
  using AsyncState::AsyncState;
  ~AsyncValue() = default;
  std::optional<kept_t<T>> value_;
};

// The value for the owner of a handle: moved out when nobody else has one.
template <class T>
T take_value(std::shared_ptr<AsyncValue<T>>& state) {
  const auto taken = std::move(state);
  if (taken.use_count() == 1) return std::move(taken->value());
  if constexpr (std::copy_constructible<T>)
    return std::as_const(*taken).value();
  else
    throw RuntimeError("the result cannot be copied, and other handles share it");
}

// The elements of a range.
template <class R>
std::vector<std::ranges::range_value_t<R>> elements_of(R& range) {
  std::vector<std::ranges::range_value_t<R>> elements;
  if constexpr (std::ranges::sized_range<R>)
    elements.reserve(static_cast<std::size_t>(std::ranges::size(range)));
  std::ranges::copy(range, std::back_inserter(elements));
  return elements;
}
// Those before it throws, and what it has thrown.
template <class R>
std::vector<std::ranges::range_value_t<R>> elements_of(R& range, std::exception_ptr& broken) {
  std::vector<std::ranges::range_value_t<R>> elements;
  broken = v1::detail::caught([&] { std::ranges::copy(range, std::back_inserter(elements)); });
  return elements;
}

// Both are called in the pool's thread. What they throw is logged and ignored.
template <class T>
struct Callbacks {
  std::function<void(const kept_t<T>&)> callback{};
  std::function<void(std::exception_ptr)> error_callback{};
};

// Logs the exception in flight.
TANDEM_API void log_callback_error() noexcept;

template <class T>
void call_back(const Callbacks<T>& callbacks, const std::exception_ptr& error,
               const std::optional<kept_t<T>>& value, Wakes* wakes) noexcept {
  if (error ? !callbacks.error_callback : !callbacks.callback) return;
  if (wakes) wakes->flush();  // the callback may take its time
  try {
    error ? callbacks.error_callback(error) : callbacks.callback(*value);
  } catch (...) {
    log_callback_error();
  }
}

// apply_async(): one call.
template <class T, class C>
class ApplyJob final : public AsyncValue<T>, public Job {
 public:
  ApplyJob(C call, Callbacks<T> callbacks)
      : AsyncValue<T>("ApplyResult"), call_(std::move(call)), callbacks_(std::move(callbacks)) {}
  ~ApplyJob() = default;

  // Whose workers have it. It keeps itself until it is done.
  void begin(std::shared_ptr<ApplyJob> self) noexcept { self_ = std::move(self); }

  void encode(std::size_t, pickle::Output& out) override { RemoteCall<C>::encode(out, *call_); }
  void decode(std::size_t, pickle::Input& in, Wakes& wakes) override {
    this->value_.emplace(receive_result<T>(in));
    end(&wakes);
  }
  void fail(std::size_t, std::exception_ptr error) noexcept override {
    this->error_ = std::move(error);
    end();
  }
  void cancel(std::size_t) noexcept override;

 private:
  void end(Wakes* wakes = nullptr) noexcept {
    const auto self = std::move(self_);
    call_.reset();
    const Callbacks<T> callbacks = std::exchange(callbacks_, {});
    call_back<T>(callbacks, this->error_, this->value_, wakes);
    this->set_done(wakes);
  }

  std::optional<C> call_;  // until it is done
  Callbacks<T> callbacks_;
  std::shared_ptr<ApplyJob> self_;
};

// What becomes of those that terminate() finds not done.
TANDEM_API std::exception_ptr terminated_error();

template <class T, class C>
void ApplyJob<T, C>::cancel(std::size_t task) noexcept {
  fail(task, terminated_error());
}

// The results of many calls, in one vector at the end.
template <class T, bool in_place = std::default_initializable<kept_t<T>>>
class ResultList {
 public:
  explicit ResultList(std::size_t size) : values_(size) {}
  void set(std::size_t i, kept_t<T>&& value) { values_[i] = std::move(value); }
  std::vector<kept_t<T>> take() { return std::move(values_); }

 private:
  std::vector<kept_t<T>> values_;
};
template <class T>
class ResultList<T, false> {
 public:
  explicit ResultList(std::size_t size) : values_(size) {}
  void set(std::size_t i, kept_t<T>&& value) { values_[i].emplace(std::move(value)); }
  std::vector<kept_t<T>> take() {
    std::vector<kept_t<T>> values;
    values.reserve(values_.size());
    for (auto& value : values_) values.push_back(std::move(*value));
    return values;
  }

 private:
  std::vector<std::optional<kept_t<T>>> values_;
};

// How map() cuts its input when it is not told: into four chunks a worker.
inline std::size_t default_chunksize(std::size_t calls, std::size_t workers) {
  return (calls + 4 * workers - 1) / (4 * workers);
}

// map_async(), starmap_async(): a task for each chunk of the elements. All of them are run, though
// one may fail; the first to fail is what get() throws.
template <class T, class F, class A, bool star>
class MapJob final : public AsyncValue<std::vector<kept_t<T>>>, public Job {
  using List = std::vector<kept_t<T>>;

 public:
  MapJob(F f, std::vector<A> elements, std::size_t chunksize, Callbacks<List> callbacks)
      : AsyncValue<List>("MapResult"),
        f_(std::move(f)),
        elements_(std::move(elements)),
        chunksize_(chunksize),
        left_(tasks()),
        results_(elements_.size()),
        callbacks_(std::move(callbacks)) {
    if (left_ > 0) return;
    this->value_.emplace();  // as CPython: then no callback is called
    this->set_done();
  }
  ~MapJob() = default;

  std::size_t tasks() const noexcept {
    return elements_.empty() ? 0 : (elements_.size() - 1) / chunksize_ + 1;
  }
  void begin(std::shared_ptr<MapJob> self) noexcept { self_ = std::move(self); }

  void encode(std::size_t task, pickle::Output& out) override {
    RemoteChunk<F, A, star>::encode(out, f_, first(task), end(task),
                                    [&](std::size_t i) -> decltype(auto) { return elements_[i]; });
  }
  void decode(std::size_t task, pickle::Input& in, Wakes& wakes) override {
    for (std::size_t i = first(task); i < end(task); ++i) results_.set(i, receive_result<T>(in));
    one_less(&wakes);
  }
  void fail(std::size_t, std::exception_ptr error) noexcept override {
    if (!this->error_) this->error_ = std::move(error);
    one_less();
  }
  void cancel(std::size_t task) noexcept override { fail(task, terminated_error()); }

 private:
  std::size_t first(std::size_t task) const noexcept { return task * chunksize_; }
  std::size_t end(std::size_t task) const noexcept {
    return std::min(elements_.size(), (task + 1) * chunksize_);
  }
  void one_less(Wakes* wakes = nullptr) noexcept {
    if (--left_ > 0) return;
    const auto self = std::move(self_);
    if (!this->error_) this->value_.emplace(results_.take());
    const Callbacks<List> callbacks = std::exchange(callbacks_, {});
    call_back<List>(callbacks, this->error_, this->value_, wakes);
    this->set_done(wakes);
  }

  F f_;
  std::vector<A> elements_;
  std::size_t chunksize_, left_;
  ResultList<T> results_;
  Callbacks<List> callbacks_;
  std::shared_ptr<MapJob> self_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
