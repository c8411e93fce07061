#include "tandem/asyncio/as_completed.hpp"

#include <deque>
#include <exception>
#include <new>
#include <string>

#include "tandem/core/block_pool.hpp"

namespace tandem::inline v1::asyncio::detail {

// In the callbacks of a future that is not done, and in the list of those.
struct Completions::Member : Node {
  Member(std::shared_ptr<Completions> completions, FutureState& state) noexcept
      : Node(ops), owner(std::move(completions)), future(state) {}
  static const NodeOps ops;

  std::shared_ptr<Completions> owner;
  FutureState& future;
  StateHandle done;  // the future, from when it is
  Member *next_member = nullptr, *previous_member = nullptr;

  static void end(Member& member) noexcept {
    const std::shared_ptr<Completions> owner = std::move(member.owner);
    owner->unlink(member);
    member.~Member();
    free_block(&member, sizeof(Member));
  }
};

const NodeOps Completions::Member::ops{
    [](Node& node) {
      auto& member = static_cast<Member&>(node);
      const std::shared_ptr<Completions> owner = member.owner;
      StateHandle done = std::move(member.done);
      end(member);
      owner->is_done(std::move(done));
    },
    [](Node& node) noexcept { end(static_cast<Member&>(node)); },
    [](Node& node, FutureState& future) noexcept {
      static_cast<Member&>(node).done = StateHandle::share(future);
      return true;
    },
    [](const Node&) { return std::string("_AsCompletedIterator._handle_completion()"); }};

void Completions::add(FutureState& future) {
  if (!known_.insert(&future).second) return;
  ++left_;
  auto* const member = ::new (allocate_block(sizeof(Member))) Member(shared_from_this(), future);
  link(*member);
  future.add_callback(*member);
}

void Completions::begin(v1::Timeout timeout) {
  known_.clear();
  if (first_ && !timeout.is_forever())
    timer_ =
        loop_.call_later(timeout.limit(), [self = shared_from_this()] { self->time_is_over(); });
}

void Completions::link(Member& member) noexcept {
  member.next_member = first_;
  if (first_) first_->previous_member = &member;
  first_ = &member;
}

void Completions::unlink(Member& member) noexcept {
  (member.previous_member ? member.previous_member->next_member : first_) = member.next_member;
  if (member.next_member) member.next_member->previous_member = member.previous_member;
}

void Completions::is_done(StateHandle future) {
  if (is_over_) return;  // the timeout came first, and has counted this one
  put(std::move(future));
  if (!first_ && timer_) timer_->cancel();
}

void Completions::time_is_over() {
  is_over_ = true;
  for (Member* member = first_; member;) {
    Member* const next = member->next_member;
    put({});
    if (!member->future.is_done() && member->future.remove_callback(*member)) Member::end(*member);
    member = next;
  }
}

void Completions::put(StateHandle future) {
  done_.push_back(std::move(future));
  wake_one();
}

// As asyncio.Queue does it.
void Completions::wake_one() {
  while (!waiters_.empty()) {
    const Future<> waiter = std::move(waiters_.front());
    waiters_.pop_front();
    if (waiter.done()) continue;
    return waiter.set_result();
  }
}

Coroutine<StateHandle> Completions::next(std::shared_ptr<Completions> completions) {
  Completions& self = *completions;
  while (self.done_.empty()) {
    const Future<> waiter(get_running_loop());
    self.waiters_.push_back(waiter);
    std::exception_ptr error;
    try {
      co_await waiter;
    } catch (...) {
      error = std::current_exception();
    }
    if (!error) continue;
    waiter.cancel();
    std::erase(self.waiters_, waiter);
    // It was woken before it was cancelled: another one has to take what is there.
    if (!self.done_.empty() && !waiter.cancelled()) self.wake_one();
    std::rethrow_exception(error);
  }
  StateHandle done = std::move(self.done_.front());
  self.done_.pop_front();
  if (!done.get()) throw TimeoutError();
  co_return done;
}

}  // namespace tandem::inline v1::asyncio::detail
