#include "tandem/multiprocessing/sync_proxies.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

ManagedLock::~ManagedLock() = default;

namespace {

template <class L>
class LockOf final : public ManagedLock {
 public:
  template <class... A>
  explicit LockOf(A... args) : lock_(args...) {}

  bool acquire(bool blocking, SentTimeout timeout) override {
    const auto attempt = [&](Timeout part) {
      return lock_.acquire({.blocking = blocking, .timeout = part});
    };
    const bool taken = wait_for_caller(blocking, timeout, attempt);
    if (!taken) return false;
    if constexpr (is_owned)
      Caller::hold(own(), [](void* lock) { static_cast<LockOf*>(lock)->lock_.release(); });
    else
      Caller::give_back_by([this] { lock_.release(); });
    return true;
  }
  void release() override {
    lock_.release();
    if constexpr (is_owned) Caller::let_go(own());
  }
  std::string repr() const override { return to_string(lock_); }
  std::unique_ptr<threading::Condition> condition() override {
    return std::make_unique<threading::Condition>(lock_);
  }

 private:
  // By a thread, so that nobody else can release it.
  static constexpr bool is_owned = std::is_same_v<L, threading::RLock>;

  std::shared_ptr<LockOf> own() { return std::static_pointer_cast<LockOf>(shared_from_this()); }

  L lock_;
};

}  // namespace

std::shared_ptr<ManagedLock> make_managed_lock(LockKind kind, std::int64_t value) {
  switch (kind) {
    case LockKind::LOCK:
      return std::make_shared<LockOf<threading::Lock>>();
    case LockKind::RLOCK:
      return std::make_shared<LockOf<threading::RLock>>();
    case LockKind::SEMAPHORE:
      return std::make_shared<LockOf<threading::Semaphore>>(value);
    case LockKind::BOUNDED_SEMAPHORE:
      break;
  }
  return std::make_shared<LockOf<threading::BoundedSemaphore>>(value);
}

ManagedCondition::ManagedCondition(std::shared_ptr<ManagedLock> lock)
    : lock_(lock ? std::move(lock) : make_managed_lock(LockKind::RLOCK, 1)),
      condition_(lock_->condition()) {}
bool ManagedCondition::acquire(bool blocking, SentTimeout timeout) {
  return lock_->acquire(blocking, timeout);
}
void ManagedCondition::release() { lock_->release(); }
// Who is gone does not keep the lock that this takes back, nor what he was told.
bool ManagedCondition::wait(SentTimeout timeout) {
  Caller::give_back_by([this] { release(); });
  const bool notified =
      wait_for_caller(timeout, [this](Timeout part) { return condition_->wait(part); });
  if (notified)
    Caller::give_back_by([this] {
      notify(1);
      release();
    });
  return notified;
}
void ManagedCondition::notify(std::ptrdiff_t n) { condition_->notify(n); }
void ManagedCondition::notify_all() { condition_->notify_all(); }
std::string ManagedCondition::repr() const { return to_string(*condition_); }

bool ManagedEvent::is_set() const {
  const std::scoped_lock guard(condition_);
  return is_set_;
}
void ManagedEvent::set() {
  const std::scoped_lock guard(condition_);
  is_set_ = true;
  condition_.notify_all();
}
void ManagedEvent::clear() {
  const std::scoped_lock guard(condition_);
  is_set_ = false;
}
bool ManagedEvent::wait(SentTimeout timeout) {
  const std::scoped_lock guard(condition_);
  return is_set_ ||
         wait_for_caller(timeout, [this](Timeout part) { return condition_.wait(part); });
}
std::string ManagedEvent::repr() const {
  return "<threading.Event at " + v1::detail::address_text(this) + ": " +
         (is_set() ? "set" : "unset") + ">";
}

namespace {

threading::BarrierOptions barrier_options(v1::pickle::PortableCall action, SentTimeout timeout) {
  threading::BarrierOptions options{.timeout = as_sent(timeout)};
  if (action) options.action = [action = std::move(action)] { action(); };
  return options;
}

}  // namespace

ManagedBarrier::ManagedBarrier(std::int64_t parties, v1::pickle::PortableCall action,
                               SentTimeout timeout)
    : barrier_(parties, barrier_options(std::move(action), timeout)) {}
std::size_t ManagedBarrier::wait(std::optional<SentTimeout> timeout) {
  return timeout ? barrier_.wait(as_sent(*timeout)) : barrier_.wait();
}
void ManagedBarrier::reset() { barrier_.reset(); }
void ManagedBarrier::abort() { barrier_.abort(); }
std::size_t ManagedBarrier::parties() const { return barrier_.parties(); }
std::size_t ManagedBarrier::n_waiting() const { return barrier_.n_waiting(); }
bool ManagedBarrier::broken() const { return barrier_.broken(); }
std::string ManagedBarrier::repr() const { return to_string(barrier_); }

}  // namespace detail

namespace managers {

using detail::ManagedBarrier;
using detail::ManagedCondition;
using detail::ManagedEvent;
using detail::ManagedLock;
using detail::to_send;

AcquirerProxy::AcquirerProxy(Lease lease) noexcept
    : detail::AcquirerProxyBase(std::move(lease), "AcquirerProxy") {}
bool AcquirerProxy::acquire(AcquireOptions options) const {
  return call<&ManagedLock::acquire>(options.blocking, to_send(options.timeout));
}
void AcquirerProxy::release() const { call<&ManagedLock::release>(); }
std::shared_ptr<ManagedLock> AcquirerProxy::_own_lock() const {
  auto own =
      std::static_pointer_cast<ManagedLock>(detail::own_object(lease(), typeid(ManagedLock)));
  if (!own) throw TypeError("the lock is one of another manager");
  return own;
}
AcquirerProxy AcquirerProxy::unpickle(v1::pickle::Input& input) {
  return AcquirerProxy(load(input));
}

ConditionProxy::ConditionProxy(Lease lease) noexcept
    : detail::ConditionProxyBase(std::move(lease), "ConditionProxy") {}
bool ConditionProxy::acquire(AcquireOptions options) const {
  return call<&ManagedCondition::acquire>(options.blocking, to_send(options.timeout));
}
void ConditionProxy::release() const { call<&ManagedCondition::release>(); }
bool ConditionProxy::wait(Timeout timeout) const {
  return call<&ManagedCondition::wait>(to_send(timeout));
}
void ConditionProxy::wait_until(v1::detail::Deadline until) const {
  if (until.is_never())
    wait();
  else
    wait(until.when() - v1::detail::Deadline::clock::now());
}
void ConditionProxy::notify(std::ptrdiff_t n) const { call<&ManagedCondition::notify>(n); }
void ConditionProxy::notify_all() const { call<&ManagedCondition::notify_all>(); }
ConditionProxy ConditionProxy::unpickle(v1::pickle::Input& input) {
  return ConditionProxy(load(input));
}

EventProxy::EventProxy(Lease lease) noexcept
    : detail::EventProxyBase(std::move(lease), "EventProxy") {}
bool EventProxy::is_set() const { return call<&ManagedEvent::is_set>(); }
void EventProxy::set() const { call<&ManagedEvent::set>(); }
void EventProxy::clear() const { call<&ManagedEvent::clear>(); }
bool EventProxy::wait(Timeout timeout) const { return call<&ManagedEvent::wait>(to_send(timeout)); }
EventProxy EventProxy::unpickle(v1::pickle::Input& input) { return EventProxy(load(input)); }

BarrierProxy::BarrierProxy(Lease lease) noexcept
    : detail::BarrierProxyBase(std::move(lease), "BarrierProxy") {}
std::size_t BarrierProxy::wait() const { return call<&ManagedBarrier::wait>(std::nullopt); }
std::size_t BarrierProxy::wait(Timeout timeout) const {
  return call<&ManagedBarrier::wait>(to_send(timeout));
}
void BarrierProxy::reset() const { call<&ManagedBarrier::reset>(); }
void BarrierProxy::abort() const { call<&ManagedBarrier::abort>(); }
std::size_t BarrierProxy::parties() const { return call<&ManagedBarrier::parties>(); }
std::size_t BarrierProxy::n_waiting() const { return call<&ManagedBarrier::n_waiting>(); }
bool BarrierProxy::broken() const { return call<&ManagedBarrier::broken>(); }
BarrierProxy BarrierProxy::unpickle(v1::pickle::Input& input) { return BarrierProxy(load(input)); }

}  // namespace managers
}  // namespace tandem::inline v1::multiprocessing
