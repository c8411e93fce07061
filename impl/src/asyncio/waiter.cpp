#include "tandem/asyncio/detail/waiter.hpp"

#include "asyncio/loop_state.hpp"
#include "tandem/asyncio/task.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::asyncio::detail {

LoopState* LoopBinding::bind() {
  LoopState& running = running_loop();
  return bind(running) ? loop_ : nullptr;
}

bool LoopBinding::bind(LoopState& running) noexcept {
  if (!loop_) {
    running.hold();
    loop_ = &running;
  }
  return loop_ == &running;
}

void LoopBinding::release() noexcept { loop_->drop(); }

void LoopBinding::throw_other_loop(const std::string& owner) {
  throw RuntimeError(owner + " is bound to a different event loop");
}

std::size_t Waiters::size() const noexcept {
  std::size_t count = 0;
  for (const Waiter* waiter = first_; waiter; waiter = waiter->next_) ++count;
  return count;
}

bool Waiters::finds_uncancelled() const noexcept {
  for (const Waiter* waiter = first_; waiter; waiter = waiter->next_)
    if (!waiter->is_cancelled()) return true;
  return false;
}

void Waiters::wake_first() {
  if (first_) first_->wake();
}

bool Waiters::wake_next() {
  for (Waiter* waiter = first_; waiter; waiter = waiter->next_)
    if (waiter->wake()) return true;
  return false;
}

void Waiters::wake_all() {
  for (Waiter* waiter = first_; waiter; waiter = waiter->next_) waiter->wake();
}

void Waiters::pop_until_woken() {
  while (first_)
    if (pop().wake()) return;
}

void Waiters::pop_all() {
  while (first_) pop().wake();
}

Waiter& Waiters::pop() noexcept {
  Waiter& waiter = *first_;
  waiter.unlink();
  waiter.is_popped_ = true;
  waiter.next_ = popped_;
  if (popped_) popped_->previous_ = &waiter;
  popped_ = &waiter;
  return waiter;
}

void Waiters::abandon() noexcept {
  for (Waiter* list : {first_, popped_})
    for (Waiter* waiter = list; waiter; waiter = waiter->next_) {
      waiter->waiters_ = nullptr;
      waiter->is_alone_ = true;
    }
}

Waiter::Waiter(Waiters& waiters, LoopState& loop, bool looks_again) noexcept
    : FutureState(InFrame(), loop, looks_again), waiters_(&waiters) {
  link(waiters);
}

bool Waiter::wake() {
  if (is_done()) return false;
  has_value_ = true;
  finish();
  return true;
}

// CPython makes another future then, which comes to the end as well.
bool Waiter::waits_again() noexcept {
  if (!waiters_ || !is_in_vain()) return false;
  unlink();
  reopen();
  link(*waiters_);
  return true;
}

void Waiter::link(Waiters& waiters) noexcept {
  is_popped_ = false;
  previous_ = waiters.last_;
  (previous_ ? previous_->next_ : waiters.first_) = this;
  waiters.last_ = this;
}

void Waiter::unlink() noexcept {
  Waiter*& first = is_popped_ ? waiters_->popped_ : waiters_->first_;
  (previous_ ? previous_->next_ : first) = next_;
  if (next_)
    next_->previous_ = previous_;
  else if (!is_popped_)
    waiters_->last_ = previous_;
  next_ = previous_ = nullptr;
}

std::string lock_repr(const char* name, const void* lock, std::string state,
                      const Waiters& waiters) {
  if (!waiters.empty()) state += ", waiters:" + std::to_string(waiters.size());
  return std::string("<asyncio.locks.") + name + " object at " + address_text(lock) + " [" + state +
         "]>";
}

}  // namespace tandem::inline v1::asyncio::detail
