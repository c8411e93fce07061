#include "tandem/asyncio/gather.hpp"

#include "tandem/core/block_pool.hpp"

namespace tandem::inline v1::asyncio::detail {

// Stands in the callbacks of a child, and keeps the outer future until that is done: also when
// nobody waits for it, its children's exceptions are its affair.
struct Gathering::Child : Node {
  Child(Gathering& owner, FutureState& future) noexcept
      : Node(ops), gathering(owner), child(future) {
    gathering.outer_.hold();
  }
  static const NodeOps ops;
  Gathering& gathering;
  FutureState& child;

  void end() noexcept {
    FutureState& outer = gathering.outer_;
    this->~Child();
    free_block(this, sizeof(Child));
    outer.drop();
  }
};

const NodeOps Gathering::Child::ops{
    [](Node& node) {
      auto& child = static_cast<Child&>(node);
      struct End {
        Child& child;
        ~End() { child.end(); }
      } const end{child};
      child.gathering.child_is_done(child.child);
    },
    [](Node& node) noexcept {
      auto& child = static_cast<Child&>(node);
      child.gathering.children_.clear();  // there is one that will never be done
      child.end();
    },
    [](Node& node, FutureState& future) noexcept {
      // There is room: a place was reserved when it was added.
      static_cast<Child&>(node).gathering.kept_.push_back(StateHandle::share(future));
    },
    [](const Node&) { return std::string("gather.<locals>._done_callback()"); }};

void Gathering::add(const StateHandle& handle, bool is_new) {
  FutureState& child = *handle;
  const bool is_another = is_new || known_.insert(&child).second;
  children_.push_back(&child);
  if (!is_another) return;
  ++different_;
  // Places for all: the plain futures that are kept from the beginning have two.
  if (kept_.capacity() < 2 * different_) kept_.reserve(4 * different_);
  TaskState* const task = child.as_task();
  // Whoever dies with it cannot be told: nobody else knows of the task.
  if (is_new) task->forget_destroy_pending();
  if (!task || child.is_done()) kept_.push_back(handle);
  if (child.is_done())
    done_before_.push_back(&child);
  else
    child.add_callback(*::new (allocate_block(sizeof(Child))) Child(*this, child));
}

void Gathering::begin() {
  has_begun_ = true;
  for (FutureState* const child : std::exchange(done_before_, {})) child_is_done(*child);
}

void Gathering::child_is_done(FutureState& child) {
  ++done_;
  if (!has_begun_ || outer_.is_done()) return child.forget_exception();
  if (!return_exceptions_)
    if (std::exception_ptr error = child.failure()) {
      outer_.set_exception(std::move(error));
      return let_go_of_pending();
    }
  if (done_ == different_) all_are_done();
}

// It is over: it and a future that may never be done need not keep each other.
void Gathering::let_go_of_pending() noexcept {
  children_.clear();
  std::erase_if(kept_, [](const StateHandle& each) { return !each->is_done(); });
}

void Gathering::all_are_done() {
  if (!is_cancel_requested_) {
    try {
      return collect();
    } catch (...) {  // a result that cannot be copied, or whose copying throws
      return outer_.set_exception(std::current_exception());
    }
  }
  for (FutureState* const child : children_) child->forget_exception();
  outer_.set_exception(children_.back()->make_cancelled_error());
}

std::vector<StateHandle> Gathering::take_children() {
  std::vector<StateHandle> children;
  children.reserve(children_.size());
  for (FutureState* const child : children_) children.push_back(StateHandle::share(*child));
  children_.clear();
  kept_.clear();
  return children;
}

bool Gathering::cancel_children(const std::string& message) {
  bool any = false;
  for (FutureState* const child : children_) any = child->cancel(message) || any;
  is_cancel_requested_ = is_cancel_requested_ || any;
  return any;
}

std::exception_ptr gathered_failure(FutureState& child) {
  if (!child.is_cancelled()) return child.failure();
  const std::string* const message = child.cancel_message();
  return std::make_exception_ptr(message ? CancelledError(*message) : CancelledError());
}

}  // namespace tandem::inline v1::asyncio::detail
