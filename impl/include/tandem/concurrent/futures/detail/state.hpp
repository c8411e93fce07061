// What all handles on a future share: its state, who waits for it, its result.
//
// One allocation holds all of it and, for a submitted task, the function and its arguments too.
// One word holds the state and the list of those to be told, so that "is it done?" and "tell me"
// are decided together:
//
//   bits 0-2  state: see State
//   bit  3    parked: somebody sleeps on the low half of the word in result() or exception()
//   bit  4    locked: the list is being edited; whoever would change the word waits
//   bit  5    callbacks: there is one in the list
//   bits 6-63 the list's newest node (nodes are aligned to 64 bytes)
//
//             claim              finish
//   PENDING ----------> PENDING_ ------> FINISHED
//      | start   claim           finish     ^
//      +-----> RUNNING ----> RUNNING_ ------+
//      | start of an executor's own task    |
//      +-----> RUNNING_CLAIMED -------------+
//      | cancel             notify
//      +-----> CANCELLED ----------> CANCELLED_AND_NOTIFIED
//
// A claim gives one thread the right to write the result, which no other thread can then interrupt.
// PENDING_ and RUNNING_ last for the move of a result: whoever else would set it waits for what
// comes of that. An executor's claim lasts as long as its task.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "tandem/concurrent/futures/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/core/wakes.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

using namespace v1::detail;

class FutureState;

enum class State : std::uint64_t {
  pending = 0,
  pending_setting = 1,
  running = 2,
  running_setting = 3,
  running_claimed = 4,
  cancelled = 5,
  cancelled_and_notified = 6,
  finished = 7,
};

constexpr bool is_running(State state) {
  return state >= State::running && state <= State::running_claimed;
}

// Somebody to be told when a future is done.
struct alignas(64) Node {
  enum class Kind : std::uint8_t {
    callback,  // told when the future is cancelled or finished
    waiter,    // told when it is finished, or when its executor has taken note of the cancelling
  };
  // The node may be gone after it. Without a future: it dies untold, and a callback frees itself.
  using Tell = void (*)(Node& node, FutureState* future) noexcept;

  Node(Kind kind_, Tell tell_) : tell(tell_), kind(kind_) {}

  Node* next = nullptr;
  Tell tell;
  Kind kind;
};

class TANDEM_API FutureState {
 public:
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;

  State state() const noexcept {
    // acquire pairs with the release in finish(): what it published is visible.
    return static_cast<State>(word_.load(std::memory_order_acquire) & state_bits);
  }
  bool is_done() const noexcept { return state() >= State::cancelled; }
  // Done in the eyes of wait() and as_completed().
  bool is_notified() const noexcept { return state() >= State::cancelled_and_notified; }

  bool cancel() noexcept;
  // Python's set_running_or_notify_cancel(). Throws RuntimeError.
  bool start();
  // The same for an executor's own task, which claims the result at once.
  bool start_claimed() noexcept;
  // The right to write the result. Throws InvalidStateError.
  void claim();
  void unclaim() noexcept;  // nothing was written
  void fail(std::exception_ptr error) noexcept { error_ = std::move(error); }
  // What was written is the result.
  //   wakes  those that wait may be woken a moment later, if nobody is to be told
  void finish(Wakes* wakes = nullptr) noexcept;

  // Waits until the future is done. Returns false iff the time ran out before.
  bool wait(Timeout timeout) const;
  // Waits, and throws TimeoutError, CancelledError, or else the task's exception.
  void get(Timeout timeout) const;
  std::exception_ptr exception(Timeout timeout) const;
  const std::exception_ptr& error() const noexcept { return error_; }  // once finished

  // Adds the node to the list; false if there is nothing to wait for any more.
  bool add(Node& node) noexcept;
  // Takes it out; false if it was told or is being told.
  bool remove(Node& node) noexcept;

  // Handles are counted apart from other references (a queued work item): result() of the last
  // handle may move the result out.
  void add_handle() noexcept {
    references_.fetch_add(handle, std::memory_order_relaxed);  // relaxed: made from another
  }
  void drop_handle() noexcept { drop(handle); }
  void drop_work() noexcept { drop(work); }
  void add_work() noexcept {
    references_.fetch_add(work, std::memory_order_relaxed);  // relaxed: made beside another
  }
  // Nobody but its executor knows of the task any more, and nobody waits to be told.
  bool is_forgotten() const noexcept {
    // acquire pairs with the release in drop(): what was done with the handles is over. relaxed:
    // the word changes through handles only.
    return references_.load(std::memory_order_acquire) == work &&
           word_.load(std::memory_order_relaxed) == make_word(State::pending);
  }
  bool has_one_handle() const noexcept {
    // acquire pairs with the acq_rel in drop(): other handles' uses of the result are over.
    return references_.load(std::memory_order_acquire) / handle == 1;
  }

  // Set before the handle is given away: a worker had to be woken for the task, so spinning for
  // its result would only keep the processor from it.
  void woke_worker() noexcept { spin_ = false; }

  std::string to_string() const;

  // Runs the task's function and keeps what comes of it. Only for tasks.
  virtual void compute() noexcept;
  // Instead of compute(), when nobody wants it any more.
  virtual void discard() noexcept;
  virtual void destroy() noexcept = 0;  // by whoever dropped the last reference

 protected:
  static constexpr std::uint64_t work = 1, handle = std::uint64_t{1} << 32;

  explicit FutureState(std::uint64_t references) : references_(references) {}
  virtual ~FutureState();
  virtual std::string result_type() const = 0;

 private:
  static constexpr std::uint64_t state_bits = 7, parked = 8, locked = 16, callbacks = 32;
  static constexpr std::uint64_t flag_bits = state_bits | parked | locked | callbacks;

  void drop(std::uint64_t reference) noexcept {
    // acquire pairs with the acq_rel below: whoever comes last sees the ends of all other uses.
    const bool is_the_last = references_.load(std::memory_order_acquire) == reference;
    // acq_rel pairs with itself and with the acquire above.
    if (is_the_last || references_.fetch_sub(reference, std::memory_order_acq_rel) == reference)
      destroy();
  }
  static State state_of(std::uint64_t word) noexcept {
    return static_cast<State>(word & state_bits);
  }
  static Node* list_of(std::uint64_t word) noexcept {
    return reinterpret_cast<Node*>(static_cast<std::uintptr_t>(word & ~flag_bits));
  }
  static std::uint64_t bits_of(const Node* list) noexcept {
    return reinterpret_cast<std::uintptr_t>(list);
  }
  static std::uint64_t make_word(State state, Node* list = nullptr) noexcept {
    return static_cast<std::uint64_t>(state) | bits_of(list);
  }
  // Moves to `next` when the state is `from`, taking the list along when `keep_list`. Returns
  // the word before; its state tells whether it moved.
  std::uint64_t advance(State from, State next, bool keep_list) noexcept;
  std::uint64_t leave_pending(State next) noexcept;
  std::uint64_t lock() noexcept;
  void unlock(std::uint64_t word) noexcept;
  void wake(std::uint64_t before, Wakes* wakes = nullptr) noexcept;
  void tell(Node* newest_first) noexcept;
  bool sleep(Deadline until) const noexcept;

  mutable seam::atomic<std::uint64_t> word_{0};
  seam::atomic<std::uint64_t> references_;
  std::exception_ptr error_;  // written by the claimer before finish()
  bool spin_ = true;

 protected:                    // here, where the bytes cost nothing
  bool has_value_ = false;     // written by the claimer before finish()
  bool has_function_ = false;  // a task's, until it is called or given up
};

TANDEM_API std::string state_name(State state);  // as in InvalidStateError: "FINISHED"

}  // namespace tandem::inline v1::concurrent::futures::detail
