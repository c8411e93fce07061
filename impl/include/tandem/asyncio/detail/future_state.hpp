// What all handles on a future share.
//
// The callbacks of the user and the tasks that wait stand in one list, in order; when the future is
// done they go to the ready queue of its loop as they are. So what CPython does by call_soon() for
// each of them costs a few stores here.
//
// Threads  states are counted by all threads, and everything else belongs to the thread that runs
//          their loop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tandem/asyncio/detail/node.hpp"
#include "tandem/asyncio/exceptions.hpp"
#include "tandem/core/block_pool.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/core/result_range.hpp"
#include "tandem/core/value_repr.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::asyncio::detail {

class Gathering;
class LoopState;
class TaskState;

enum class State : std::uint8_t { pending, cancelled, finished };

class TANDEM_API FutureState {
 public:
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;

  State state() const noexcept { return state_; }
  bool is_done() const noexcept { return state_ != State::pending; }
  bool is_cancelled() const noexcept { return state_ == State::cancelled; }
  LoopState& loop() const noexcept { return *loop_; }
  bool is_task() const noexcept { return is_task_; }
  // Null: it is no task.
  TaskState* as_task() noexcept;

  // Future.cancel(), Task.cancel(), or a gather()'s. Returns whether it was still to be done.
  bool cancel(std::string message);
  // Null: it is of no gather().
  virtual Gathering* as_gathering() noexcept { return nullptr; }

  // Future.result(), but for the value. Throws InvalidStateError, CancelledError, what was set.
  void get() {
    if (has_value_) [[likely]]
      return;
    throw_failure();
  }
  // Future.exception().
  std::exception_ptr exception();
  // What result() would throw of a future that is done, marked as retrieved; null: nothing.
  std::exception_ptr failure();
  bool has_value() const noexcept { return has_value_; }
  // The error of a cancelled future: the one that ended its task, once; else a new one.
  std::exception_ptr make_cancelled_error();
  // The message given to cancel(); null: none.
  const std::string* cancel_message() const noexcept {
    return rare_ && rare_->cancel_message ? &*rare_->cancel_message : nullptr;
  }

  // Before a result is set by the user. Throws InvalidStateError (done), RuntimeError (a task).
  void check_settable() const;
  void check_thread() const;
  void set_exception(std::exception_ptr error);  // the same
  // There is a value or an error: the callbacks are scheduled.
  // Throws RuntimeError (there are some, and the loop is closed).
  void finish();

  // Has the node scheduled when the future is done, now if it is.
  void add_callback(Node& node);
  // False: it is not in the list.
  bool remove_callback(Node& node) noexcept;
  // The same for a user's callback, by its number.
  bool remove_callback(std::uint64_t id) noexcept;

  void hold() noexcept {
    if (seam::is_alone())
      // relaxed: there is no other thread.
      references_.store(references_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    else
      references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: made from another
  }
  void drop() noexcept {
    // acquire pairs with the acq_rel below: whoever comes last sees the ends of all other uses.
    const std::uint32_t now = references_.load(std::memory_order_acquire);
    if (now == 1) return die();
    if (seam::is_alone())
      references_.store(now - 1, std::memory_order_relaxed);  // relaxed: there is no other thread
    // acq_rel pairs with itself and with the acquire above.
    else if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      die();
  }
  bool has_one_reference() const noexcept {
    // acquire pairs with the acq_rel in drop(): other handles' uses of the result are over.
    return references_.load(std::memory_order_acquire) == 1;
  }

  // Of some a task that was woken asks whether it has to wait on.
  bool looks_again() const noexcept { return looks_again_; }
  virtual bool waits_again() noexcept { return false; }

  // Nobody has to look at its exception.
  void forget_exception() noexcept { log_exception_ = false; }
  // Python's repr().
  std::string to_string();

 protected:
  explicit FutureState(LoopState& loop, std::uint32_t references = 1,
                       bool is_task = false) noexcept;
  // In the frame of a task, whose loop lives as long as that.
  struct InFrame {};
  FutureState(InFrame, LoopState& loop, bool looks_again) noexcept
      : loop_(&loop),
        references_(1),
        is_task_(false),
        looks_again_(looks_again),
        holds_loop_(false) {}
  virtual ~FutureState();
  virtual void destroy() noexcept = 0;
  virtual std::string value_text() const = 0;  // repr() of the result
  // Tells of what is lost; whoever is told may keep a handle.
  virtual void report_loss() noexcept;
  virtual const char* class_name() const noexcept { return is_task_ ? "Task" : "Future"; }

  // Future.cancel(), also for tasks.
  bool cancel_future(const std::string* message);
  void fail(std::exception_ptr error) {
    rare().error = std::move(error);
    log_exception_ = true;
  }
  void set_cancel_message(const std::string* message);  // null: none
  // It is as if it had not been done.
  void reopen() noexcept {
    state_ = State::pending;
    has_value_ = false;
  }

  // What few futures have.
  struct Rare {
    std::exception_ptr error;   // what was set; of a cancelled task what ended it
    std::exception_ptr thrown;  // a task's: to be thrown where it goes on
    std::optional<std::string> cancel_message;
    std::optional<std::string> name;  // a task's; none: Task-<number>
  };
  Rare& rare() {
    if (!rare_) rare_ = std::make_unique<Rare>();
    return *rare_;
  }

  std::unique_ptr<Rare> rare_;

 private:
  friend class TaskState;
  [[noreturn]] void throw_failure();
  // Of one that is pending and has none.
  void add_first_callback(Node& node) noexcept { last_callback_ = node.next = &node; }
  void push_if_armed(Node& node) noexcept;
  void schedule_callbacks();
  template <class Is>
  Node* take_callback(Is is) noexcept;
  std::string callbacks_text() const;
  void die() noexcept;

  LoopState* const loop_;
  Node* last_callback_ = nullptr;  // of a ring
  seam::atomic<std::uint32_t> references_;
  State state_ = State::pending;
  bool log_exception_ : 1 = false;  // it has one that nobody has asked for
  const bool is_task_ : 1;

 protected:
  bool log_destroy_pending_ : 1 = true;  // a task that dies pending says so
  bool must_cancel_ : 1 = false;         // a task's
  bool is_linked_ : 1 = false;           // a task is in its loop's list
  bool is_started_ : 1 = false;          // a task has run
  bool is_sleeping_ : 1 = false;         // a task waits for its timer
  bool has_value_ : 1 = false;           // in its room (Valued)
  // Of a task, which has no such gap: what becomes of its coroutines in this step, and how many
  // calls of enter() they are in. The former in a byte of its own: it is written and read several
  // times a step, and bits that were just written one by one are read late.
  enum class Going : std::uint8_t { on, waiting, ended };
  Going going_ = Going::waiting;
  std::uint8_t nested_ : 5 = 0;
  bool is_being_cancelled_ : 1 = false;  // by a call of cancel() that has not returned

 private:
  const bool looks_again_ : 1 = false;  // waits_again() is to be asked
  const bool holds_loop_ : 1 = true;
};

// A handle's reference; empty after a move.
class StateHandle {
 public:
  StateHandle() = default;
  explicit StateHandle(FutureState* adopted) noexcept : state_(adopted) {}
  static StateHandle share(FutureState& state) noexcept {
    state.hold();
    return StateHandle(&state);
  }
  StateHandle(const StateHandle& other) noexcept : state_(other.state_) {
    if (state_) state_->hold();
  }
  StateHandle(StateHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  StateHandle& operator=(StateHandle other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~StateHandle() {
    if (state_) state_->drop();
  }

  FutureState* get() const noexcept { return state_; }
  // Throws   InvalidStateError (the handle is empty).
  FutureState* operator->() const {
    if (!state_) [[unlikely]]
      throw_empty();
    return state_;
  }
  FutureState& operator*() const { return *operator->(); }

 private:
  [[noreturn]] TANDEM_API static void throw_empty();
  FutureState* state_ = nullptr;
};

// ValueError('text')
std::string exception_repr(const std::exception_ptr& error);
// Room for a value.
template <class T>
union Room {
  Room() noexcept {}
  ~Room() {}
  T value;
};

// A state with room for its value; Base is FutureState or TaskState.
template <class Base, class T>
class Valued : public Base {
 public:
  using Element = element_t<T>;

  template <class... U>
  void emplace(U&&... arguments) {
    ::new (static_cast<void*>(std::addressof(room_.value))) Element(std::forward<U>(arguments)...);
    this->has_value_ = true;
  }
  // Of a future that has one, whatever made it.
  static Element& value_of(FutureState& state) noexcept {
    if (state.is_task()) return static_cast<Valued<TaskState, T>&>(state).room_.value;
    return static_cast<Valued<FutureState, T>&>(state).room_.value;
  }

 protected:
  template <class... A>
  explicit Valued(A&&... arguments) : Base(std::forward<A>(arguments)...) {}
  ~Valued() override {
    if (this->has_value_) std::destroy_at(std::addressof(room_.value));
  }
  std::string value_text() const override { return value_repr(std::as_const(room_.value)); }

 private:
  template <class B, class V>
  friend class Valued;
  Room<Element> room_;  // has a value while has_value_
};
// Nothing needs no room.
template <class Base>
class Valued<Base, void> : public Base {
 public:
  using Element = std::monostate;

  void emplace() noexcept { this->has_value_ = true; }

 protected:
  template <class... A>
  explicit Valued(A&&... arguments) : Base(std::forward<A>(arguments)...) {}
  std::string value_text() const override { return "None"; }
};

// A future that somebody sets.
template <class T>
class FutureValue : public Valued<FutureState, T> {
 public:
  static FutureValue* make(LoopState& loop) {
    static_assert(alignof(FutureValue) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "tandem: over-aligned results are not supported; use a pointer");
    return ::new (allocate_packed(sizeof(FutureValue))) FutureValue(loop);
  }

 protected:
  explicit FutureValue(LoopState& loop) : Valued<FutureState, T>(loop) {}
  void destroy() noexcept override {
    this->~FutureValue();
    free_packed(this, sizeof(FutureValue));
  }
};

}  // namespace tandem::inline v1::asyncio::detail
