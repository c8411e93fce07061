// A submitted call that another process runs: the future's state and the job in one block.
#pragma once
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <utility>

#include "tandem/concurrent/futures/detail/map.hpp"
#include "tandem/concurrent/futures/detail/result.hpp"
#include "tandem/multiprocessing/detail/job.hpp"
#include "tandem/multiprocessing/detail/remote.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

namespace mp = multiprocessing::detail;

// What is common to all: how a future goes along with its job. W is what is sent:
//   w.encode(Output&)   w.decode(Input&, ResultState<T>&)
template <class T, class W>
class RemoteTask final : public ResultState<T>, public mp::Job {
 public:
  template <class... A>
  static RemoteTask* make(A&&... args) {
    void* memory = allocate_for<RemoteTask>();
    try {
      return ::new (memory) RemoteTask(std::forward<A>(args)...);
    } catch (...) {
      free_of<RemoteTask>(memory);
      throw;
    }
  }

  bool start(std::size_t) noexcept override {
    const bool started = started_ = this->start_claimed();
    if (!started) end();  // this may be gone now
    return started;
  }
  void encode(std::size_t, pickle::Output& out) override { work_->encode(out); }
  void decode(std::size_t, pickle::Input& in, Wakes& wakes) override {
    work_->decode(in, *this);
    this->finish(&wakes);
    end();
  }
  void fail(std::size_t, std::exception_ptr error) noexcept override {
    if (!started_) started_ = this->start_claimed();
    if (started_) {
      FutureState::fail(std::move(error));
      this->finish();
    }
    end();
  }
  void cancel(std::size_t) noexcept override {
    if (FutureState::cancel()) this->start_claimed();  // which tells those in wait()
    end();
  }

 protected:
  void destroy() noexcept override {
    this->~RemoteTask();
    free_of<RemoteTask>(this);
  }

 private:
  template <class... A>
  explicit RemoteTask(A&&... args)
      : ResultState<T>(FutureState::handle | FutureState::work),
        work_(std::in_place, std::forward<A>(args)...) {}
  ~RemoteTask() override = default;

  void end() noexcept {
    work_.reset();
    this->drop_work();
  }

  std::optional<W> work_;  // lives no longer than the call
  bool started_ = false;   // the result is ours to write
};

// submit()'s.
template <class T, class C>
class CallWork {
 public:
  template <class... A>
  explicit CallWork(A&&... args) : call_(std::in_place, std::forward<A>(args)...) {}

  void encode(pickle::Output& out) { mp::RemoteCall<C>::encode(out, call_); }
  static void decode(pickle::Input& in, ResultState<T>& result) {
    if constexpr (std::is_void_v<T>)
      result.emplace();
    else
      result.emplace_result_of([&in]() -> T { return mp::receive_result<T>(in); });
  }

 private:
  C call_;
};

// A chunk of map()'s: f is called with the elements of the rows, side by side.
template <class T, class F, class... R>
class ChunkWork {
  using Element = std::tuple<std::ranges::range_value_t<R>...>;
  using Remote = mp::RemoteChunk<F, Element, true>;

 public:
  ChunkWork(std::shared_ptr<F> f, arguments_t<R...> arguments, ResultRow<T> row)
      : f_(std::move(f)), arguments_(std::move(arguments)), row_(std::move(row)) {}

  void encode(pickle::Output& out) {
    Remote::encode(out, *f_, 0, size(), [this](std::size_t i) {
      return std::apply([i](auto&... rows) { return Element(rows[i]...); }, arguments_);
    });
  }
  void decode(pickle::Input& in, ResultState<ChunkResult<T>>& result) {
    ChunkResult<T> chunk(std::move(row_));
    chunk.fill(size(), [&in](element_t<T>* at, std::size_t) {
      ::new (static_cast<void*>(at)) element_t<T>(mp::receive_result<T>(in));
    });
    if (chunk.error) std::rethrow_exception(chunk.error);
    result.emplace(std::move(chunk));
  }

 private:
  std::size_t size() const noexcept { return std::get<0>(arguments_).size(); }

  std::shared_ptr<F> f_;
  arguments_t<R...> arguments_;
  ResultRow<T> row_;  // where the results go; none: one is made
};

}  // namespace tandem::inline v1::concurrent::futures::detail
