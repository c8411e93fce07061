// The proxy of a SyncManager's Pool: its workers are children of the server.
#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/detail/managed_sync.hpp"
#include "tandem/multiprocessing/pool.hpp"
#include "tandem/multiprocessing/proxy.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// What is to be done with the pool, and with what: there is one function for each kind of call.
struct PoolRequest {
  void (*act)(multiprocessing::Pool& pool, pickle::Input& input, pickle::Output& output);
  std::string given;
};

class TANDEM_API ManagedPool {
 public:
  ManagedPool(std::optional<int> processes, pickle::PortableCall initializer,
              std::optional<int> maxtasksperchild);
  std::string act(const PoolRequest& request);
  void close();
  void terminate();
  void join();
  std::string repr() const;

 private:
  multiprocessing::Pool pool_;
};

template <class T>
class ManagedResult {
 public:
  explicit ManagedResult(AsyncResult<T> result) : result_(std::move(result)) {}
  T get(SentTimeout timeout) const {
    return wait(timeout) ? result_.get() : result_.get(Timeout(std::chrono::nanoseconds(0)));
  }
  bool wait(SentTimeout timeout) const {
    return wait_for_caller(timeout, [this](Timeout part) {
      result_.wait(part);
      return result_.ready();
    });
  }
  bool ready() const { return result_.ready(); }
  bool successful() const { return result_.successful(); }

 private:
  AsyncResult<T> result_;
};

// The results of an imap(), for clients one at a time.
template <class T>
class ManagedIterator {
 public:
  explicit ManagedIterator(IMapIterator<T> results)
      : source_(std::move(results.source_)), turn_(std::make_unique<v1::detail::Mutex>()) {}
  std::optional<kept_t<T>> next(SentTimeout timeout) {
    std::optional<kept_t<T>> result;
    const auto attempt = [&](Timeout part) {
      const std::scoped_lock guard(*turn_);
      if (!source_->wait(part)) return false;
      result = source_->next({});
      return true;
    };
    if (!wait_for_caller(timeout, attempt)) throw TimeoutError();
    return result;
  }

 private:
  std::shared_ptr<ImapSource<T>> source_;
  std::unique_ptr<v1::detail::Mutex> turn_;
};

using PoolProxyBase = managers::Proxy<ManagedPool, &ManagedPool::act, &ManagedPool::close,
                                      &ManagedPool::terminate, &ManagedPool::join>;
template <class T, class R = ManagedResult<T>>
using ResultProxyBase = managers::Proxy<R, &R::get, &R::wait, &R::ready, &R::successful>;
template <class T, class R = ManagedIterator<T>>
using IteratorProxyBase = managers::Proxy<R, &R::next>;

}  // namespace tandem::inline v1::multiprocessing::detail

namespace tandem::inline v1::multiprocessing::managers {

// What will come of a call of a pool in a server: as multiprocessing::AsyncResult.
template <class T>
class AsyncResultProxy : public detail::ResultProxyBase<T> {
  using Base = detail::ResultProxyBase<T>;
  using R = detail::ManagedResult<T>;

 public:
  explicit AsyncResultProxy(typename Base::Lease lease) noexcept : Base(std::move(lease)) {}
  T get(Timeout timeout = {}) const {
    return this->template call<&R::get>(detail::to_send(timeout));
  }
  void wait(Timeout timeout = {}) const { this->template call<&R::wait>(detail::to_send(timeout)); }
  bool ready() const { return this->template call<&R::ready>(); }
  bool successful() const { return this->template call<&R::successful>(); }

  static AsyncResultProxy unpickle(v1::pickle::Input& input) {
    return AsyncResultProxy(Base::load(input));
  }
};

// The results of an imap() of a pool in a server, one by one: as multiprocessing::IMapIterator, but
// copies, and other processes that it is sent to, take results from the same ones.
// Threads  any number at once take results; but its own begin() and ++ are for one at a time.
template <class T>
class IteratorProxy
    : public detail::IteratorProxyBase<T>,
      public multiprocessing::detail::ResultView<IteratorProxy<T>,
                                                 multiprocessing::detail::kept_t<T>> {
  using Base = detail::IteratorProxyBase<T>;

 public:
  explicit IteratorProxy(typename Base::Lease lease) noexcept : Base(std::move(lease)) {}
  // The next result; none: that was all.
  // Throws   multiprocessing::TimeoutError; what the call has thrown.
  std::optional<multiprocessing::detail::kept_t<T>> next(Timeout timeout = {}) const {
    return this->template call<&detail::ManagedIterator<T>::next>(detail::to_send(timeout));
  }

  static IteratorProxy unpickle(v1::pickle::Input& input) {
    return IteratorProxy(Base::load(input));
  }
};

// A Pool in a server; its members are those of multiprocessing::Pool, without callbacks and
// buffersizes. What is to be mapped is a vector.
// Spec     multiprocessing.managers.pool
class TANDEM_API PoolProxy : public detail::PoolProxyBase {
  using P = detail::ManagedPool;

 public:
  explicit PoolProxy(Lease lease) noexcept;

  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto apply(F&& f, A&&... args) const -> detail::remote_result_t<F, A...> {
    using Act = Apply<std::decay_t<F>, detail::bound_t<A>...>;
    return ask<detail::remote_result_t<F, A...>>(
        &Act::apply, Act::given(f, typename Act::arguments(std::forward<A>(args)...)));
  }
  template <class F, class... A>
  requires detail::Callee<F, A...>
  auto apply_async(F&& f, A&&... args) const -> AsyncResultProxy<detail::remote_result_t<F, A...>> {
    using Act = Apply<std::decay_t<F>, detail::bound_t<A>...>;
    return ask<AsyncResultProxy<detail::remote_result_t<F, A...>>>(
        &Act::apply_async, Act::given(f, typename Act::arguments(std::forward<A>(args)...)));
  }
  template <class F, class T>
  auto map(F f, const std::vector<T>& elements, std::optional<std::size_t> chunksize = {}) const
      -> std::vector<detail::pool_mapped_t<F, std::vector<T>>> {
    using Act = Map<F, T>;
    return ask<std::vector<detail::pool_mapped_t<F, std::vector<T>>>>(
        &Act::map, Act::given(f, typename Act::arguments(elements, chunksize)));
  }
  template <class F, class T>
  auto map_async(F f, const std::vector<T>& elements,
                 std::optional<std::size_t> chunksize = {}) const
      -> AsyncResultProxy<std::vector<detail::pool_mapped_t<F, std::vector<T>>>> {
    using Act = Map<F, T>;
    return ask<AsyncResultProxy<std::vector<detail::pool_mapped_t<F, std::vector<T>>>>>(
        &Act::map_async, Act::given(f, typename Act::arguments(elements, chunksize)));
  }
  template <class F, class T>
  auto starmap(F f, const std::vector<T>& elements, std::optional<std::size_t> chunksize = {}) const
      -> std::vector<detail::pool_starmapped_t<F, std::vector<T>>> {
    using Act = Map<F, T, true>;
    return ask<std::vector<detail::pool_starmapped_t<F, std::vector<T>>>>(
        &Act::map, Act::given(f, typename Act::arguments(elements, chunksize)));
  }
  template <class F, class T>
  auto starmap_async(F f, const std::vector<T>& elements,
                     std::optional<std::size_t> chunksize = {}) const
      -> AsyncResultProxy<std::vector<detail::pool_starmapped_t<F, std::vector<T>>>> {
    using Act = Map<F, T, true>;
    return ask<AsyncResultProxy<std::vector<detail::pool_starmapped_t<F, std::vector<T>>>>>(
        &Act::map_async, Act::given(f, typename Act::arguments(elements, chunksize)));
  }
  template <class F, class T>
  auto imap(F f, const std::vector<T>& elements, std::size_t chunksize = 1) const
      -> IteratorProxy<detail::pool_mapped_t<F, std::vector<T>>> {
    using Act = Imap<F, T>;
    return ask<IteratorProxy<detail::pool_mapped_t<F, std::vector<T>>>>(
        &Act::imap, Act::given(f, typename Act::arguments(elements, chunksize)));
  }
  template <class F, class T>
  auto imap_unordered(F f, const std::vector<T>& elements, std::size_t chunksize = 1) const
      -> IteratorProxy<detail::pool_mapped_t<F, std::vector<T>>> {
    using Act = Imap<F, T>;
    return ask<IteratorProxy<detail::pool_mapped_t<F, std::vector<T>>>>(
        &Act::imap_unordered, Act::given(f, typename Act::arguments(elements, chunksize)));
  }
  void close() const;
  void terminate() const;
  void join() const;

  static PoolProxy unpickle(v1::pickle::Input& input);

 private:
  using Function = decltype(detail::PoolRequest::act);

  // A function and what it is given, on both sides.
  template <class F, class Given>
  struct Sent {
    using arguments = Given;
    static std::string given(const F& f, const Given& arguments) {
      v1::pickle::Output output;
      v1::pickle::detail::dump_function<F>(output, f);
      v1::pickle::dump<Given>(output, arguments);
      return output.text();
    }
    static std::pair<F, Given> taken(v1::pickle::Input& input) {
      F f = v1::pickle::detail::load_function<F>(input);
      return {std::move(f), v1::pickle::load<Given>(input)};
    }
  };
  template <class F, class... A>
  struct Apply : Sent<F, std::tuple<A...>> {
    static void apply(Pool& pool, v1::pickle::Input& input, v1::pickle::Output& output) {
      answer(output, started(pool, input));
    }
    static void apply_async(Pool& pool, v1::pickle::Input& input, v1::pickle::Output& output) {
      keep(output, started(pool, input));
    }
    static auto started(Pool& pool, v1::pickle::Input& input) {
      auto taken = Apply::taken(input);
      return std::apply([&](A&... each) { return pool.apply_async(taken.first, each...); },
                        taken.second);
    }
  };
  template <class F, class T, bool star = false>
  struct Map : Sent<F, std::tuple<std::vector<T>, std::optional<std::size_t>>> {
    static void map(Pool& pool, v1::pickle::Input& input, v1::pickle::Output& output) {
      answer(output, started(pool, input));
    }
    static void map_async(Pool& pool, v1::pickle::Input& input, v1::pickle::Output& output) {
      keep(output, started(pool, input));
    }
    static auto started(Pool& pool, v1::pickle::Input& input) {
      const auto [f, given] = Map::taken(input);
      if constexpr (star)
        return pool.starmap_async(f, std::get<0>(given), std::get<1>(given));
      else
        return pool.map_async(f, std::get<0>(given), std::get<1>(given));
    }
  };
  template <class F, class T>
  struct Imap : Sent<F, std::tuple<std::vector<T>, std::size_t>> {
    static void imap(Pool& pool, v1::pickle::Input& input, v1::pickle::Output& output) {
      const auto [f, given] = Imap::taken(input);
      keep(output, pool.imap(f, std::get<0>(given), std::get<1>(given)));
    }
    static void imap_unordered(Pool& pool, v1::pickle::Input& input, v1::pickle::Output& output) {
      const auto [f, given] = Imap::taken(input);
      keep(output, pool.imap_unordered(f, std::get<0>(given), std::get<1>(given)));
    }
  };

  template <class R>
  static void answer(v1::pickle::Output& output, AsyncResult<R> result) {
    const detail::ManagedResult<R> managed(std::move(result));
    if constexpr (std::is_void_v<R>)
      managed.get({});
    else
      v1::pickle::dump<R>(output, managed.get({}));
  }
  template <class R>
  static void keep(v1::pickle::Output& output, AsyncResult<R> result) {
    keep_as<AsyncResultProxy<R>>(output, detail::ManagedResult<R>(std::move(result)));
  }
  template <class R>
  static void keep(v1::pickle::Output& output, IMapIterator<R> results) {
    keep_as<IteratorProxy<R>>(output, detail::ManagedIterator<R>(std::move(results)));
  }
  template <class Kept, class M>
  static void keep_as(v1::pickle::Output& output, M managed) {
    v1::pickle::dump<Kept>(output, detail::keep_result<Kept>(std::move(managed)));
  }
  template <class R>
  R ask(Function act, std::string given) const {
    const std::string answer = call<&P::act>(detail::PoolRequest{act, std::move(given)});
    v1::pickle::Input input{std::string_view(answer)};
    if constexpr (!std::is_void_v<R>) return v1::pickle::load<R>(input);
  }
};

}  // namespace tandem::inline v1::multiprocessing::managers
