// What all handles on a loop share.
//
//            call_soon()        call_soon_threadsafe(), other threads
//                |                        |
//                v                        v
//           ready queue  <------------  inbox     a stack; taken whenever somebody looks at the
//           queue, so
//                ^                                that both together are one queue in the order of
//                calls
//                |
//   timers (heapq) . files (selector) . signals
//
// Who owns what. A loop lives as long as anything refers to it: handles (the last one that is
// dropped closes it) and futures. It owns its tasks until they are done; the ready queue and the
// heap own the callbacks that stand in them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "asyncio/resource.hpp"
#include "asyncio/timer_heap.hpp"
#include "platform/selector.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::asyncio::detail {

// The loop that runs in this thread. Read by functions that are not inlined into coroutines only,
// as a coroutine may go on in another thread.
extern constinit thread_local LoopState* running_in_thread;

// The next of the numbers that begin with one.
inline std::uint64_t count_up(seam::atomic<std::uint64_t>& counter) noexcept {
  // relaxed: they have only to be different; and alone there is nobody to differ from.
  if (!seam::is_alone()) return counter.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint64_t number = counter.load(std::memory_order_relaxed) + 1;
  counter.store(number, std::memory_order_relaxed);
  return number;
}

class LoopState {
 public:
  static LoopState* make(bool is_virtual);
  LoopState(const LoopState&) = delete;
  LoopState& operator=(const LoopState&) = delete;

  // Its life. Handles and futures are counted apart.
  void hold_handle() noexcept;
  void drop_handle() noexcept;
  void hold() noexcept {
    if (running_in_thread == this && stock_ > 0)
      --stock_;
    else
      hold_slowly();
  }
  void drop() noexcept {
    if (running_in_thread == this)
      ++stock_;
    else
      drop_slowly();
  }

  // The ready queue.
  void push(Node& node) noexcept {
    // acquire pairs with the release in push_threadsafe(): what was done before that call is
    // visible.
    if (inbox_.load(std::memory_order_acquire)) [[unlikely]] {
      if (is_closed()) return node.ops->drop(node);  // by a destructor, while it is torn down
      take_inbox();
    }
    append(node);
  }
  // False: it is closed, and the node is the caller's still.
  bool push_threadsafe(Node& node) noexcept;
  void check_open() const {
    if (is_closed()) [[unlikely]]
      throw_closed();
  }
  [[noreturn]] static void throw_closed();
  // What every call does before it is taken, as in CPython: RuntimeError.
  void check_call() const {
    check_open();
    if (debug) [[unlikely]]
      check_thread();
  }
  void check_thread() const;
  void push_at(double when, Timer& timer);
  void note_cancelled_timer() noexcept { ++cancelled_timers_; }

  // The loop.
  void check_runnable() const;
  void run_forever();
  void run_until_done(const AnyFuture& future, bool is_new_task);
  void stop() noexcept {
    stopping_.store(true, std::memory_order_relaxed);  // relaxed: seen in the next turn
  }
  void close();
  bool is_closed() const noexcept {
    return closed_.load(std::memory_order_relaxed);  // relaxed: stale for other threads anyhow
  }
  bool is_running() const noexcept {
    return thread_.load(std::memory_order_relaxed) != 0;  // relaxed: the same
  }
  double time() const noexcept;
  bool is_virtual() const noexcept { return is_virtual_; }
  // What it lost is lost on purpose: nobody can be told any more.
  bool is_tearing_down() const noexcept { return tearing_down_ > 0; }
  void tear_down(int change) noexcept { tearing_down_ += change; }

  // Tasks.
  void link(TaskState& task) noexcept;
  void unlink(TaskState& task) noexcept;
  std::vector<AnyTask> tasks() const;
  TaskState* current_task = nullptr;
  TaskFactory task_factory;

  // Files and signals.
  void watch(int fd, bool for_writing, CallbackHandle callback);
  bool unwatch(int fd, bool for_writing);
  void handle_signal(int signal, CallbackHandle callback);
  bool restore_signal(int signal);
  // Ctrl-C cancels the task, and is thrown when it comes again. Null: no more. Returns whether one
  // was to be cancelled until now: a handler of the program's own takes its place.
  bool interrupt(TaskState* main) noexcept;
  void forget_interrupts() noexcept { interrupts_ = 0; }
  int interrupts() const noexcept { return interrupts_; }

  // What transports receive into, one after the other; null: there were none yet.
  std::unique_ptr<char[]> receive_buffer;
  Resources resources;

  // Reports.
  ExceptionHandler exception_handler;
  void report(const ExceptionContext& context);
  void report_by_default(const ExceptionContext& context);
  bool debug = false;
  double slow_callback_duration = 0.1;  // in seconds

  // Executors.
  std::shared_ptr<futures::ThreadPoolExecutor> executor;
  bool executor_is_shut_down = false;

  // The context of the callback that runs; valid while the loop runs.
  ContextPlace& context_place() noexcept { return *context_place_; }
  std::string to_string() const;

 private:
  struct Watcher {
    CallbackHandle reader, writer;
    platform::Selector::Interest interest() const noexcept {
      return {static_cast<bool>(reader), static_cast<bool>(writer)};
    }
  };
  void forget(Watcher& watcher);
  class Run;
  struct SignalReader : Node {
    explicit SignalReader(LoopState& owner) noexcept : Node(ops), loop(&owner) {}
    static const NodeOps ops;
    LoopState* const loop;
    std::uint64_t taken = 0;  // a set of signals that have arrived
    bool is_queued = false;
  };

  explicit LoopState(bool is_virtual);
  ~LoopState();

  void append(Node& node) noexcept {
    node.next = nullptr;
    if (last_)
      last_->next = &node;
    else
      first_ = &node;
    last_ = &node;
  }
  Node& take_first() noexcept {
    Node* const node = first_;
    first_ = node->next;
    if (!first_) last_ = nullptr;
    return *node;
  }
  void take_inbox(Node* successor = nullptr) noexcept;
  void hold_slowly() noexcept;
  void drop_slowly() noexcept;
  void wake() noexcept;
  bool may_be_woken() noexcept;

  void run_once();
  void drop_cancelled_timers();
  void poll();
  double timeout() const noexcept;
  void sleep(double seconds);
  void select(int milliseconds);
  void take_due_timers();
  static void fetch_ahead(const Node& next) noexcept;
  void run_ready();
  void run_watched(Node& node);
  void look_at_signals();
  void schedule_lasting(const CallbackHandle& callback) noexcept;
  void drop_queues() noexcept;
  void drop_tasks() noexcept;
  void open_selector();
  void wake_on_signals();

  // Written by each turn; first, so that they are near each other.
  Node *first_ = nullptr, *last_ = nullptr;  // ready
  ContextPlace* context_place_ = nullptr;    // of the thread that runs it
  TaskState* tasks_ = nullptr;               // the newest one
  std::uint64_t stock_ =
      0;  // references that the loop's thread has in advance, to be given without counting
  TimerHeap timers_;
  std::size_t cancelled_timers_ = 0;
  double now_ = 0;  // of virtual time
  const bool is_virtual_;
  int tearing_down_ = 0;

  std::vector<Watcher> watchers_;  // by file
  std::size_t watched_ = 0;        // files
  std::vector<platform::Selector::Ready> events_;
  platform::Selector selector_;
  std::map<int, CallbackHandle> signals_;
  std::uint64_t signal_set_ = 0;
  SignalReader signal_reader_{*this};
  TaskState* interrupted_ = nullptr;
  int interrupts_ = 0;

  // Touched by other threads.
  alignas(64) seam::atomic<Node*> inbox_{nullptr};  // the newest one; no_more: closed
  seam::atomic<bool> sleeping_{false};              // or about to: it has to be woken
  seam::atomic<std::uint32_t> wakers_{0};           // threads that are about to wake it
  seam::atomic<bool> stopping_{false};
  seam::atomic<bool> closed_{false};
  seam::atomic<std::uint64_t> thread_{0};  // that runs it; 0: none
  seam::atomic<std::uint64_t> references_{0};
  seam::atomic<std::uint64_t> handles_{0};  // together they have one reference
};

}  // namespace tandem::inline v1::asyncio::detail
