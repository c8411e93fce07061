// The blocking part of every queue: waiting, bounds, shutdown and the count of unfinished tasks,
// over a store that keeps the items (store.hpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "tandem/core/gate.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/queue/detail/store.hpp"
#include "tandem/queue/detail/unfinished.hpp"
#include "tandem/queue/exceptions.hpp"

namespace tandem::inline v1::detail {

// When a call that waits has to be back.
inline Deadline checked_deadline(Timeout timeout) {
  refuse_too_large(timeout);
  return Deadline::after(timeout);
}
inline void check_not_negative(Timeout timeout) {
  if (timeout.is_negative()) throw ValueError("'timeout' must be a non-negative number");
}

// A queue, whatever its order.
template <class T>
class AbstractChannel {
 public:
  explicit AbstractChannel(std::ptrdiff_t maxsize) : maxsize_(maxsize) {}
  AbstractChannel(const AbstractChannel&) = delete;
  AbstractChannel& operator=(const AbstractChannel&) = delete;
  virtual ~AbstractChannel() = default;

  virtual Put put(T&& item, queue::BlockOptions options) = 0;
  virtual T get(queue::BlockOptions options) = 0;
  virtual std::optional<T> try_get() = 0;
  virtual void task_done() = 0;
  virtual void join() noexcept = 0;
  virtual std::uint64_t unfinished() const noexcept = 0;
  virtual std::size_t size() const noexcept = 0;
  virtual void shutdown(bool immediate) noexcept = 0;
  virtual bool is_shutdown() const noexcept = 0;
  virtual void maxsize(std::ptrdiff_t size) noexcept = 0;

  std::ptrdiff_t maxsize() const noexcept {
    return maxsize_.load(std::memory_order_seq_cst);  // waiters' hint, see Gate
  }

 protected:
  seam::atomic<std::ptrdiff_t> maxsize_;
};

template <class T, class Store>
class Channel final : public AbstractChannel<T> {
 public:
  using BlockOptions = queue::BlockOptions;
  using AbstractChannel<T>::maxsize;

  template <class... A>
  explicit Channel(std::ptrdiff_t maxsize, A&&... of_the_store)
      : AbstractChannel<T>(maxsize), store_(std::forward<A>(of_the_store)...) {}

  Put put(T&& item, BlockOptions options) override {
    if (options.timeout.is_negative()) check_put(options);
    const Put result = store_.put(std::move(item), limit());
    if (result == Put::done) [[likely]] {
      getters_.wake_one();
      return result;
    }
    return result == Put::full && options.block ? put_later(std::move(item), options) : result;
  }

  T get(BlockOptions options) override {
    if (options.timeout.is_negative()) check_get(options);
    std::optional<Deadline> until;
    for (;;) {
      const bool closed =
          store_.is_closed();  // first: when it is, and nothing is there, nothing comes
      // Before the look as well: who says Empty has seen nothing when the time was over.
      const bool last = until && until->passed();
      {
        Getting getting{*this, until.has_value()};
        if (getting) [[likely]]
          return getting.take();
      }
      if (closed) throw queue::ShutDown();
      if (store_.is_closed()) continue;  // just now: it may have dropped items, which is no Empty
      if (!options.block || last) throw queue::Empty();
      if (!until) until = checked_deadline(options.timeout);
      wait_for_item(*until);
    }
  }

  // For executors: put() that also tells whether a getter had to be woken; and get() that tells by
  // nothing that the channel was shut down and is empty.
  struct Posted {
    bool taken, woken;
  };
  Posted post(T&& item) {
    if (store_.put(std::move(item), unlimited) != Put::done) return {false, false};
    return {true, getters_.wake_one()};
  }
  std::optional<T> get_or_end() {
    for (bool waited = false;; waited = true) {
      const bool closed = store_.is_closed();  // first, as in get()
      std::optional<T> item = try_get(waited);
      if (item || closed) return item;
      wait_for_item(Deadline::never());
    }
  }

  std::optional<T> try_get() override { return try_get(false); }

  void task_done() override {
    unfinished_.one_done([&] { return store_.puts(); });
  }
  void join() noexcept override {
    unfinished_.join([&] { return store_.puts(); });
  }
  std::uint64_t unfinished() const noexcept override {
    return unfinished_.count([&] { return store_.puts(); });
  }
  std::size_t size() const noexcept override { return store_.size(); }

  void shutdown(bool immediate) noexcept override {
    if (immediate)
      unfinished_.dropped(store_.close_and_drop(), [&] { return store_.puts(); });
    else
      store_.close();
    getters_.wake_all();
    putters_.wake_all();
  }
  bool is_shutdown() const noexcept override { return store_.is_closed(); }

  void maxsize(std::ptrdiff_t size) noexcept override {
    this->maxsize_.store(size, std::memory_order_seq_cst);
    putters_.wake_all();
  }

 private:
  // An item being got. When it goes with the item committed, a putter has room. When something was
  // thrown the item is still there, and another getter may have more luck: the wake-up that may
  // have brought us here is handed on.
  class Getting {
   public:
    Getting(Channel& channel, bool waited) : wake_(channel, waited), taking_(channel.store_) {
      if (!taking_) wake_.gate = nullptr;
    }
    explicit operator bool() const noexcept { return static_cast<bool>(taking_); }
    T& item() const noexcept { return taking_.item(); }
    // Of its own, so that the item is built where the caller wants it: a move after commit() that
    // threw would lose it, and g++ 12 elides that move only for variables of the outermost block.
    T take() {
      T taken(std::move_if_noexcept(item()));
      commit();
      return taken;
    }
    void commit() noexcept {
      taking_.commit();
      wake_.gate = &wake_.channel.putters_;
    }

   private:
    struct Wake {
      Wake(Channel& owner, bool has_waited)
          : channel(owner), gate(&owner.getters_), waited(has_waited) {}
      ~Wake() {
        if (gate) gate->wake_one();
        if (waited) channel.getters_.hand_on([this] { return channel.store_.available(); });
      }
      Channel& channel;
      Gate* gate;
      bool waited;
    };
    Wake wake_;  // before taking_: acts when the store is unlocked again
    typename Store::Taking taking_;
  };

  std::optional<T> try_get(bool waited) {
    std::optional<T> item;
    Getting getting{*this, waited};
    if (getting) {
      item.emplace(std::move_if_noexcept(getting.item()));
      getting.commit();
    }
    return item;
  }

  std::uint64_t limit() const noexcept {
    const std::ptrdiff_t size = maxsize();
    return size > 0 ? static_cast<std::uint64_t>(size) : unlimited;
  }

  // Python looks at the timeout before it looks for an item or for room, but after the shutdown.
  void check_put(BlockOptions options) const {
    if (options.block && limit() != unlimited && !store_.is_closed())
      check_not_negative(options.timeout);
  }
  void check_get(BlockOptions options) const {
    if (options.block && !(store_.is_closed() && store_.size() == 0))
      check_not_negative(options.timeout);
  }

  void wait_for_item(Deadline until) noexcept {
    getters_.wait([this] { return store_.available() + store_.is_closed(); }, until);
  }

  Put put_later(T&& item, BlockOptions options) {
    const Deadline until = checked_deadline(options.timeout);
    for (;;) {
      const bool last = until.passed();
      if (!last) putters_.wait([this] { return store_.room(limit()) + store_.is_closed(); }, until);
      const Put result = put_or_hand_on(std::move(item));
      if (result == Put::done) getters_.wake_one();
      putters_.hand_on([this] { return store_.room(limit()); });
      if (result != Put::full || last) return result;
    }
  }

  Put put_or_hand_on(T&& item) {
    try {
      return store_.put(std::move(item), limit());
    } catch (...) {
      putters_.wake_one();  // the room that we were woken for is another's now
      throw;
    }
  }

  Store store_;
  Gate getters_, putters_;
  alignas(64) Unfinished unfinished_;
};

}  // namespace tandem::inline v1::detail
