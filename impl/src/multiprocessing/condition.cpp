#include "tandem/multiprocessing/condition.hpp"

#include <limits>
#include <new>
#include <utility>

#include "multiprocessing/common.hpp"
#include "multiprocessing/waiters.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::multiprocessing {

using detail::Waiter;
using detail::Waiters;

namespace {

constexpr std::uint32_t most_waiters = 1024;

}  // namespace

Condition::Condition() : Condition(get_context()) {}
Condition::Condition(const Context& context)
    : Condition(AnyLock(multiprocessing::RLock(context))) {}
Condition::Condition(RLock lock) : Condition(AnyLock(std::move(lock))) {}
Condition::Condition(Lock lock) : Condition(AnyLock(std::move(lock))) {}
Condition::Condition(AnyLock lock)
    : Condition(std::move(lock),
                detail::SharedBlock::allocate(Waiters::bytes(most_waiters), alignof(Waiters))) {
  new (block_.data()) Waiters(most_waiters);
}
Condition::Condition(AnyLock lock, detail::SharedBlock block)
    : lock_(std::move(lock)), block_(std::move(block)) {}

bool Condition::acquire(AcquireOptions options) const {
  return std::visit([&](const auto& lock) { return lock.acquire(options); }, lock_);
}
void Condition::release() const {
  std::visit([](const auto& lock) { lock.release(); }, lock_);
}
bool Condition::is_mine() const noexcept {
  return std::visit([](const auto& lock) { return lock.is_mine(); }, lock_);
}

std::uint32_t Condition::release_all() const {
  if (const auto* recursive = std::get_if<RLock>(&lock_)) return recursive->release_all();
  release();
  return 1;
}
void Condition::acquire_again(std::uint32_t count) const {
  if (const auto* recursive = std::get_if<RLock>(&lock_)) return recursive->acquire_again(count);
  acquire();
}

bool Condition::wait(Timeout timeout) const {
  if (!is_mine()) throw AssertionError("must acquire() condition before using wait()");
  return wait_until(detail::waiting_deadline({.timeout = timeout}));
}

// None: not at all.
bool Condition::wait_until(std::optional<detail::Deadline> until) const {
  if (!is_mine()) throw AssertionError("must acquire() condition before using wait()");
  auto& waiters = block_.as<Waiters>();
  Waiter* const self = waiters.come();
  if (!self) throw RuntimeError("too many threads wait in the condition");
  std::uint32_t count = 0;
  try {
    count = release_all();
  } catch (...) {  // another thread has released the Lock meanwhile
    self->leave();
    throw;
  }
  if (until) self->wait(waiters.spin, *until);
  acquire_again(count);
  const bool notified = !self->is_waiting();
  self->leave();
  return notified;
}

void Condition::notify(std::ptrdiff_t n) const {
  if (!is_mine()) throw AssertionError("lock is not owned");
  auto& waiters = block_.as<Waiters>();
  while (n > 0) {
    Waiter* const waiter = waiters.first_waiting();
    if (!waiter) return;
    if (waiter->tell(Waiter::notified) || waiter->may_be_alive())
      --n;
    else
      waiter->leave();
  }
}

void Condition::notify_all() const {
  if (!is_mine()) throw AssertionError("lock is not owned");
  block_.as<Waiters>().tell_all(Waiter::notified);
}

void Condition::pickle(v1::pickle::Output& output) const {
  detail::assert_spawning(output, "Condition", false);
  output.write_value(static_cast<unsigned char>(lock_.index()));
  std::visit([&output](const auto& lock) { lock.pickle(output); }, lock_);
  block_.pickle(output);
}
Condition Condition::unpickle(v1::pickle::Input& input) {
  const bool recursive = input.read_choice(1) == 0;
  AnyLock lock = recursive ? AnyLock(multiprocessing::RLock::unpickle(input))
                           : AnyLock(multiprocessing::Lock::unpickle(input));
  return Condition(std::move(lock), detail::SharedBlock::unpickle(input));
}

std::string to_string(const Condition& condition) {
  const std::string lock =
      std::visit([](const auto& any) { return to_string(any); }, condition.lock_);
  const std::uint32_t waiting = condition.block_.as<Waiters>().count_waiting();
  return "<Condition(" + lock + ", " + std::to_string(waiting) + ")>";
}

}  // namespace tandem::inline v1::multiprocessing
