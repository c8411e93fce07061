#include "tandem/concurrent/futures/detail/state.hpp"

#include <array>
#include <string_view>

#include "concurrent/futures/helper.hpp"
#include "core/backoff.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/core/spin.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

namespace {
AdaptiveSpin result_spin;  // one for all futures: whether spinning pays is a matter of the program
}  // namespace

constinit thread_local Helper* this_thread_helper = nullptr;
namespace {
[[maybe_unused]] const bool helper_of_each_thread = seam::thread_word(this_thread_helper);
}

std::string state_name(State state) {
  static constexpr std::array<std::string_view, 8> names{
      "PENDING", "PENDING", "RUNNING", "RUNNING", "RUNNING", "CANCELLED", "CANCELLED_AND_NOTIFIED",
      "FINISHED"};
  return std::string(names[static_cast<std::size_t>(state)]);
}

FutureState::~FutureState() {
  // relaxed: nobody else is left. Only callbacks can be here: who waits has a handle.
  for (Node* node = list_of(word_.load(std::memory_order_relaxed)); node;) {
    Node* untold = std::exchange(node, node->next);
    untold->tell(*untold, nullptr);
  }
}
void FutureState::compute() noexcept {}
void FutureState::discard() noexcept {}

std::uint64_t FutureState::lock() noexcept {
  for (Backoff backoff;; backoff()) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    // acquire pairs with the release in unlock(): the list as the last editor left it.
    if (!(word & locked) &&
        word_.compare_exchange_weak(word, word | locked, std::memory_order_acquire,
                                    std::memory_order_relaxed))
      return word;
  }
}

// Keeps a parked bit that has come meanwhile: sleepers do not wait for the lock.
void FutureState::unlock(std::uint64_t word) noexcept {
  std::uint64_t now =
      word_.load(std::memory_order_relaxed);  // relaxed: only the bit is of interest
  // release pairs with the acquires in lock(), add() and advance().
  while (!word_.compare_exchange_weak(now, word | (now & parked), std::memory_order_release,
                                      std::memory_order_relaxed)) {
  }
}

std::uint64_t FutureState::advance(State from, State next, bool keep_list) noexcept {
  for (Backoff backoff;; backoff()) {
    std::uint64_t word = word_.load(std::memory_order_acquire);  // pairs with release in finish()
    if (state_of(word) != from) return word;
    if (word & locked) continue;
    const std::uint64_t wanted =
        keep_list ? (word & ~state_bits) | static_cast<std::uint64_t>(next) : make_word(next);
    // release publishes the result to the acquires of those who read it; acquire pairs with the
    // release in add(): the nodes.
    if (word_.compare_exchange_weak(word, wanted, std::memory_order_acq_rel,
                                    std::memory_order_relaxed))
      return word;
  }
}

void FutureState::wake(std::uint64_t before, Wakes* wakes) noexcept {
  if (!(before & parked)) return;
  wakes ? wakes->put_off(low_half(word_)) : unpark_all(low_half(word_));
}

// Waiters first, then callbacks in the order in which they were added.
void FutureState::tell(Node* newest_first) noexcept {
  Node *waiters = nullptr, *called = nullptr;
  while (newest_first) {
    Node* node = std::exchange(newest_first, newest_first->next);
    Node*& list = node->kind == Node::Kind::waiter ? waiters : called;
    node->next = std::exchange(list, node);
  }
  for (Node* list : {waiters, called})
    while (list) {
      Node* node = std::exchange(list, list->next);  // before telling: then it may be gone
      node->tell(*node, this);
    }
}

bool FutureState::cancel() noexcept {
  for (Backoff backoff;; backoff()) {
    std::uint64_t word = word_.load(std::memory_order_acquire);  // pairs with release in finish()
    const State state = state_of(word);
    if (state == State::cancelled || state == State::cancelled_and_notified) return true;
    if (state == State::finished || is_running(state)) return false;
    if (state == State::pending_setting || (word & locked)) continue;
    // acq_rel pairs with itself, as in lock() and unlock().
    if (word_.compare_exchange_weak(word, make_word(State::cancelled, list_of(word)) | locked,
                                    std::memory_order_acq_rel, std::memory_order_relaxed)) {
      Node *called = nullptr, **called_end = &called;
      Node *waiters = nullptr, **waiters_end = &waiters;
      for (Node* node = list_of(word); node; node = node->next) {
        Node**& end = node->kind == Node::Kind::waiter ? waiters_end : called_end;
        *end = node;
        end = &node->next;
      }
      *called_end = *waiters_end = nullptr;
      add_handle();  // a callback may drop the last one
      unlock(make_word(State::cancelled, waiters));
      wake(word);
      tell(called);
      drop_handle();
      return true;
    }
  }
}

// While another thread's set_result() is writing, it is open what comes of it: that may throw.
std::uint64_t FutureState::leave_pending(State next) noexcept {
  for (Backoff backoff;; backoff()) {
    const std::uint64_t before = advance(State::pending, next, true);
    if (state_of(before) != State::pending_setting) return before;
  }
}

bool FutureState::start() {
  std::uint64_t before = leave_pending(State::running);
  if (state_of(before) == State::pending) return true;
  before = advance(State::cancelled, State::cancelled_and_notified, false);
  if (state_of(before) == State::cancelled) {
    tell(list_of(before));
    return false;
  }
  const auto id = reinterpret_cast<std::uintptr_t>(this);  // Python's id(), decimal
  log("Future " + std::to_string(id) + " in unexpected state: " + state_name(state()));
  throw RuntimeError("Future in unexpected state");
}

bool FutureState::start_claimed() noexcept {
  std::uint64_t before = leave_pending(State::running_claimed);
  if (state_of(before) == State::pending) return true;
  before = advance(State::cancelled, State::cancelled_and_notified, false);
  if (state_of(before) == State::cancelled) tell(list_of(before));
  return false;
}

void FutureState::claim() {
  for (Backoff backoff;; backoff()) {
    const State now = state();
    // Another's, for the time of a move.
    if (now == State::pending_setting || now == State::running_setting) continue;
    if (now == State::pending || now == State::running) {
      const State claimed = now == State::pending ? State::pending_setting : State::running_setting;
      if (state_of(advance(now, claimed, true)) == now) return;
      continue;
    }
    throw InvalidStateError(state_name(now) + ": " + to_string());
  }
}

void FutureState::unclaim() noexcept {
  if (state() == State::pending_setting)
    advance(State::pending_setting, State::pending, true);
  else
    advance(State::running_setting, State::running, true);
}

void FutureState::finish(Wakes* wakes) noexcept {
  for (Backoff backoff;; backoff()) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    if (word & locked) continue;
    // While callbacks are being called the result must stay: ours is one handle more. Not so for
    // those who wait: they may want to move the result out as soon as they have been told.
    const bool keep = (word & callbacks) != 0;
    if (keep) add_handle();
    // release publishes the result to the acquires in state() and sleep(); acquire pairs with the
    // release in add(): the nodes.
    const bool done = word_.compare_exchange_weak(
        word, make_word(State::finished), std::memory_order_acq_rel, std::memory_order_relaxed);
    if (done) {
      wake(word, list_of(word) ? nullptr : wakes);
      tell(list_of(word));
    }
    if (keep) drop_handle();
    if (done) return;
  }
}

bool FutureState::sleep(Deadline until) const noexcept {
  for (;;) {
    std::uint64_t word = word_.load(std::memory_order_acquire);  // pairs with release in finish()
    if (state_of(word) >= State::cancelled) return true;
    // relaxed: the bit orders nothing; whoever moves the word to "done" sees it in the same word.
    if (!(word & parked) &&
        !word_.compare_exchange_weak(word, word | parked, std::memory_order_relaxed))
      continue;
    if (!park(low_half(word_), static_cast<std::uint32_t>(word | parked), until)) return is_done();
  }
}

bool FutureState::wait(Timeout timeout) const {
  if (is_done()) return true;
  if (!timeout.is_forever() && timeout.limit().count() <= 0) return false;
  v1::detail::refuse_too_large(timeout);
  const Deadline until = Deadline::after(timeout);
  if (spin_ && result_spin([this] { return is_done(); })) return true;
  // Only now: who does not have to sleep does not even ask. And who waits may run the call.
  return help(const_cast<FutureState&>(*this)) || sleep(until);
}

void FutureState::get(Timeout timeout) const {
  if (!wait(timeout)) throw TimeoutError();
  if (state() != State::finished) throw CancelledError();
  if (error_) std::rethrow_exception(error_);
}

std::exception_ptr FutureState::exception(Timeout timeout) const {
  if (!wait(timeout)) throw TimeoutError();
  if (state() != State::finished) throw CancelledError();
  return error_;
}

bool FutureState::add(Node& node) noexcept {
  const State last = node.kind == Node::Kind::waiter ? State::cancelled : State::running_claimed;
  for (Backoff backoff;; backoff()) {
    // acquire pairs with the release in finish(): whoever is refused may read the result.
    std::uint64_t word = word_.load(std::memory_order_acquire);
    if (state_of(word) > last) return false;
    if (word & locked) continue;
    node.next = list_of(word);
    const std::uint64_t kind = node.kind == Node::Kind::callback ? callbacks : 0;
    const std::uint64_t wanted = bits_of(&node) | (word & flag_bits) | kind;
    // release pairs with the acquires of those who take the list: the node is complete.
    if (word_.compare_exchange_weak(word, wanted, std::memory_order_release,
                                    std::memory_order_relaxed))
      return true;
  }
}

bool FutureState::remove(Node& node) noexcept {
  const std::uint64_t word = lock();
  Node* list = list_of(word);
  bool found = false;
  for (Node** link = &list; *link && !found; link = found ? link : &(*link)->next) {
    found = *link == &node;
    if (found) *link = node.next;
  }
  unlock((word & flag_bits & ~parked) | bits_of(list));
  return found;
}

std::string FutureState::to_string() const {
  std::string text = "<Future at " + address_text(this) + " state=";
  switch (state()) {
    case State::pending:
    case State::pending_setting:
      return text + "pending>";
    case State::running:
    case State::running_setting:
    case State::running_claimed:
      return text + "running>";
    case State::cancelled:
    case State::cancelled_and_notified:
      return text + "cancelled>";
    case State::finished:
      break;
  }
  return text + "finished " +
         (error_ ? "raised " + exception_name(error_) : "returned " + result_type()) + ">";
}

}  // namespace tandem::inline v1::concurrent::futures::detail
