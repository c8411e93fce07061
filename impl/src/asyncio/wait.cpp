#include "tandem/asyncio/wait.hpp"

#include <chrono>
#include <cstddef>
#include <new>
#include <optional>

#include "asyncio/release.hpp"
#include "tandem/asyncio/event_loop.hpp"

namespace tandem::inline v1::asyncio::detail {

namespace {

// Who waits, and for how many. It lives until the last callback has run: some may be scheduled when
// the waiting is over.
class Waiting {
 public:
  static Waiting* make(const Future<>& waiter, std::size_t count, ReturnWhen return_when) {
    return new Waiting(waiter, count, return_when);
  }

  struct Callback : Node {
    explicit Callback(Waiting& owner) noexcept : Node(ops), waiting(owner) {
      ++waiting.references_;
    }
    static const NodeOps ops;
    Waiting& waiting;
    StateHandle future;  // once it is done
  };

  void set_timer(TimerHandle timer) { timer_ = std::move(timer); }
  // The waiting is over: what is not done is not looked at any more.
  void stop_timer() noexcept {
    if (timer_) timer_->cancel();
  }
  void drop() noexcept {
    if (--references_ == 0) delete this;
  }

 private:
  Waiting(const Future<>& waiter, std::size_t count, ReturnWhen return_when)
      : waiter_(waiter), left_(count), return_when_(return_when) {}

  void is_done(FutureState& future) {
    --left_;
    if (left_ > 0 && return_when_ != FIRST_COMPLETED &&
        !(return_when_ == FIRST_EXCEPTION && has_failed(future)))
      return;
    stop_timer();
    if (!waiter_.done()) waiter_.set_result();
  }
  static bool has_failed(FutureState& future) {
    return !future.is_cancelled() && future.exception() != nullptr;
  }

  const Future<> waiter_;
  std::optional<TimerHandle> timer_;
  std::size_t left_;
  std::size_t references_ = 1;
  const ReturnWhen return_when_;
};

const NodeOps Waiting::Callback::ops{
    [](Node& node) {
      auto& callback = static_cast<Callback&>(node);
      Waiting& waiting = callback.waiting;
      struct End {
        Callback& callback;
        ~End() {
          Waiting& owner = callback.waiting;
          delete &callback;
          owner.drop();
        }
      } const end{callback};
      waiting.is_done(*callback.future);
    },
    [](Node& node) noexcept {
      Waiting& waiting = static_cast<Callback&>(node).waiting;
      delete &static_cast<Callback&>(node);
      waiting.drop();
    },
    [](Node& node, FutureState& future) noexcept {
      static_cast<Callback&>(node).future = StateHandle::share(future);
      return true;
    },
    [](const Node&) { return std::string("_wait.<locals>._on_completion()"); }};

// The callbacks of one call of wait(), taken back at its end. Those that are scheduled by then have
// been armed, and live for themselves.
class Callbacks {
 public:
  Callbacks(Waiting& waiting, const std::vector<StateHandle>& futures) : waiting_(waiting) {
    callbacks_.reserve(futures.size());
    for (const StateHandle& future : futures) {
      auto* const callback = new Waiting::Callback(waiting);
      callbacks_.push_back({callback, future});
      future->add_callback(*callback);
    }
  }
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;
  ~Callbacks() {
    waiting_.stop_timer();
    for (const auto& [callback, future] : callbacks_)
      if (!future->is_done() && future->remove_callback(*callback))
        Waiting::Callback::ops.drop(*callback);
    waiting_.drop();
  }

 private:
  struct Added {
    Waiting::Callback* callback;
    StateHandle future;
  };
  Waiting& waiting_;
  std::vector<Added> callbacks_;
};

}  // namespace

Coroutine<> wait_until_done(std::vector<StateHandle> futures, v1::Timeout timeout,
                            ReturnWhen return_when) {
  if (futures.empty()) throw ValueError("Set of Tasks/Futures is empty.");
  const EventLoop loop = get_running_loop();
  const Future<> waiter(loop);
  Waiting* const waiting = Waiting::make(waiter, futures.size(), return_when);
  if (!timeout.is_forever())
    waiting->set_timer(loop.call_later(timeout.limit(), ReleaseWaiter{waiter}));
  const Callbacks callbacks(*waiting, futures);
  co_await waiter;
}

}  // namespace tandem::inline v1::asyncio::detail
