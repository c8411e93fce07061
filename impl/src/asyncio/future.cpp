#include "tandem/asyncio/future.hpp"

#include <ostream>
#include <utility>

#include "asyncio/guarded.hpp"
#include "asyncio/loop_state.hpp"
#include "tandem/asyncio/event_loop.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

FutureState::FutureState(LoopState& loop, std::uint32_t references, bool is_task) noexcept
    : loop_(&loop), references_(references), is_task_(is_task) {
  loop.hold();
}

FutureState::~FutureState() {
  for (Node* node = last_callback_ ? last_callback_->next : nullptr; node;) {
    Node* const next = node == last_callback_ ? nullptr : node->next;
    node->ops->drop(*node);
    node = next;
  }
  if (holds_loop_) loop_->drop();
}

TaskState* FutureState::as_task() noexcept {
  return is_task_ ? static_cast<TaskState*>(this) : nullptr;
}

bool FutureState::cancel_future(const std::string* message) {
  log_exception_ = false;
  if (is_done()) return false;
  check_thread();
  state_ = State::cancelled;
  set_cancel_message(message);
  schedule_callbacks();
  return true;
}

void FutureState::set_cancel_message(const std::string* message) {
  if (message)
    rare().cancel_message = *message;
  else if (rare_)
    rare_->cancel_message.reset();
}

std::exception_ptr FutureState::exception() {
  if (is_cancelled()) std::rethrow_exception(make_cancelled_error());
  if (!is_done()) throw InvalidStateError("Exception is not set.");
  log_exception_ = false;
  return rare_ ? rare_->error : nullptr;
}

std::exception_ptr FutureState::failure() {
  if (has_value_) [[likely]]
    return nullptr;
  if (is_cancelled()) return make_cancelled_error();
  log_exception_ = false;
  return rare_ ? rare_->error : nullptr;
}

void FutureState::throw_failure() {
  if (!is_done()) throw InvalidStateError("Result is not set.");
  std::rethrow_exception(failure());
}

std::exception_ptr FutureState::make_cancelled_error() {
  if (rare_ && rare_->error && is_cancelled()) return std::exchange(rare_->error, nullptr);
  const std::string* const message = cancel_message();
  return std::make_exception_ptr(message ? CancelledError(*message) : CancelledError());
}

namespace {

void check_settable_by(const char* operation, const FutureState& future) {
  if (future.is_task())
    throw RuntimeError(std::string("Task does not support ") + operation + " operation");
  if (future.is_done()) throw InvalidStateError("invalid state");
  future.check_thread();
}

}  // namespace

void FutureState::check_settable() const { check_settable_by("set_result", *this); }

void FutureState::set_exception(std::exception_ptr error) {
  check_settable_by("set_exception", *this);
  if (!error) throw ValueError("the exception must not be null");
  fail(std::move(error));
  finish();
}

void FutureState::finish() {
  state_ = State::finished;
  schedule_callbacks();
}

// In debug mode, by a thread that is not the loop's: a RuntimeError, and the future is as it was.
void FutureState::check_thread() const {
  if (loop_->debug && last_callback_) [[unlikely]]
    loop_->check_thread();
}

inline void FutureState::push_if_armed(Node& node) noexcept {
  if (!node.ops->arm || node.ops->arm(node, *this)) loop_->push(node);
}

void FutureState::schedule_callbacks() {
  if (!last_callback_) return;
  Node* const last = std::exchange(last_callback_, nullptr);
  Node* node = last->next;
  const bool is_closed = loop_->is_closed();
  for (bool is_last = false; !is_last;) {
    Node* const next = node->next;
    is_last = node == last;
    if (is_closed) {
      node->ops->drop(*node);
    } else {
      push_if_armed(*node);
    }
    node = next;
  }
  if (is_closed && !loop_->is_tearing_down()) loop_->check_open();
}

void FutureState::add_callback(Node& node) {
  if (is_done()) {
    try {
      loop_->check_call();
    } catch (...) {
      node.ops->drop(node);
      throw;
    }
    return push_if_armed(node);
  }
  if (last_callback_) {
    node.next = last_callback_->next;
    last_callback_->next = &node;
  } else {
    node.next = &node;
  }
  last_callback_ = &node;
}

template <class Is>
Node* FutureState::take_callback(Is is) noexcept {
  if (!last_callback_) return nullptr;
  Node* before = last_callback_;
  do {
    Node* const node = before->next;
    if (is(*node)) {
      before->next = node->next;
      if (node == last_callback_) last_callback_ = before == node ? nullptr : before;
      return node;
    }
    before = node;
  } while (before != last_callback_);
  return nullptr;
}

bool FutureState::remove_callback(Node& wanted) noexcept {
  return take_callback([&](const Node& node) { return &node == &wanted; }) != nullptr;
}

bool FutureState::remove_callback(std::uint64_t id) noexcept {
  Node* const node = take_callback([&](const Node& each) {
    return each.ops == &DoneCallback::ops_ && static_cast<const DoneCallback&>(each).id() == id;
  });
  if (node) node->ops->drop(*node);
  return node != nullptr;
}

void FutureState::die() noexcept {
  if (!log_exception_ && !(is_task_ && !is_done() && log_destroy_pending_)) [[likely]]
    return destroy();
  references_.store(1, std::memory_order_relaxed);  // relaxed: nobody else has it
  report_loss();
  drop();  // unless somebody has kept it
}

void FutureState::report_loss() noexcept {
  log_exception_ = false;
  try {
    loop_->report({.message = std::string(class_name()) + " exception was never retrieved",
                   .exception = rare_ ? rare_->error : nullptr,
                   .future = Access::share<AnyFuture>(*this)});
  } catch (...) {
    // KeyboardInterrupt or SystemExit of a handler: Python ignores what __del__ raises.
  }
}

namespace {

const char* state_text(const FutureState& future) noexcept {
  switch (future.state()) {
    case State::pending:
      return "pending";
    case State::cancelled:
      return "cancelled";
    case State::finished:
      break;
  }
  return "finished";
}

}  // namespace

namespace {

// A future that is being printed, perhaps within the text of another one.
class Printing {
 public:
  explicit Printing(const FutureState& future) noexcept
      : future_(future), around_(std::exchange(innermost_, this)) {}
  Printing(const Printing&) = delete;
  Printing& operator=(const Printing&) = delete;
  ~Printing() { innermost_ = around_; }

  // Tasks may wait for each other, and a result have its own future. CPython cannot print a long
  // chain.
  static bool has_enough_of(const FutureState& future) noexcept {
    constexpr int longest_chain = 100;
    int length = 0;
    for (const Printing* each = innermost_; each; each = each->around_)
      if (&each->future_ == &future || ++length == longest_chain) return true;
    return false;
  }

 private:
  static constinit thread_local const Printing* innermost_;
  static const bool of_each_thread_;

  const FutureState& future_;
  const Printing* const around_;
};
constinit thread_local const Printing* Printing::innermost_ = nullptr;
[[maybe_unused]] const bool Printing::of_each_thread_ = seam::thread_word(innermost_);

}  // namespace

std::string exception_repr(const std::exception_ptr& error) {
  std::string name = exception_name(error), text = exception_text(error);
  text = text == name ? "" : string_repr(text.substr(name.size() + 2));
  return name + "(" + text + ")";
}

std::string FutureState::to_string() {
  if (Printing::has_enough_of(*this)) return "...";
  const Printing self(*this);
  TaskState* const task = as_task();
  std::string text = std::string("<") + class_name() + " ";
  text += task && task->cancelling() > 0 && !is_done() ? "cancelling" : state_text(*this);
  if (task) {
    text += " name=" + string_repr(task->name());
    if (const std::string other = task->waits_for_text(); !other.empty())
      text += " wait_for=" + other;
  }
  if (has_value_)
    text += " result=" + value_text();
  else if (rare_ && rare_->error && !is_cancelled())
    text += " exception=" + exception_repr(rare_->error);
  return text + callbacks_text() + ">";
}

std::string FutureState::callbacks_text() const {
  if (!last_callback_) return "";
  std::size_t count = 1;
  for (const Node* node = last_callback_->next; node != last_callback_; node = node->next) ++count;
  const auto describe = [](const Node& node) { return node.ops->describe(node); };
  const Node& first = *last_callback_->next;
  std::string text = describe(first);
  if (count > 2) text += ", <" + std::to_string(count - 2) + " more>";
  if (count > 1) text += ", " + describe(*last_callback_);
  return " cb=[" + text + "]";
}

void StateHandle::throw_empty() {
  throw InvalidStateError("this handle has no future: it was moved from or gave its result away");
}

void throw_result_is_shared() {
  throw InvalidStateError("the result cannot be copied, and other handles share it");
}

// What a user's callback is to its future.

namespace {
seam::atomic<std::uint64_t> callbacks_made{0};
}  // namespace

const NodeOps DoneCallback::ops_{
    [](Node& node) { static_cast<DoneCallback&>(node).run(); },
    [](Node& node) noexcept { static_cast<DoneCallback&>(node).destroy(); },
    [](Node& node, FutureState& future) noexcept {
      static_cast<DoneCallback&>(node).future_ = StateHandle::share(future);
      return true;
    },
    [](const Node& node) { return static_cast<const DoneCallback&>(node).name() + "()"; }};

DoneCallback::DoneCallback(ContextState* context) noexcept
    : Node(ops_), context_(context), id_(count_up(callbacks_made)) {}

DoneCallback::~DoneCallback() = default;

void DoneCallback::run() {
  struct Owner {
    DoneCallback* callback;
    ~Owner() { callback->destroy(); }
  } const owner{this};
  LoopState& loop = future_->loop();
  const StateHandle kept = future_;
  const auto error = guarded([this] {
    const ContextScope scope(context_.place());
    call(std::move(future_));
  });
  if (!error) return;
  const std::string text = name() + "()";
  loop.report({.message = "Exception in callback " + text,
               .exception = error,
               .more = {{"handle", "<Handle " + text + ">"}}});
}

}  // namespace detail

EventLoop AnyFuture::get_loop() const { return detail::loop_of(state_->loop()); }

std::string to_string(const AnyFuture& future) { return detail::Access::state(future).to_string(); }
std::ostream& operator<<(std::ostream& out, const AnyFuture& future) {
  return out << to_string(future);
}

}  // namespace tandem::inline v1::asyncio
