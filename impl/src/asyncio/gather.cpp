#include "tandem/asyncio/gather.hpp"

namespace tandem::inline v1::asyncio::detail {

const NodeOps Gathering::Child::ops{
    [](Node& node) {
      auto& child = static_cast<Child&>(node);
      struct End {
        Gathering& gathering;
        ~End() { gathering.ends_waiting(); }
      } const end{child.gathering};
      child.gathering.child_is_done(child.future);
    },
    [](Node& node) noexcept {
      Gathering& gathering = static_cast<Child&>(node).gathering;
      gathering.give_up();
      gathering.ends_waiting();
    },
    [](Node& node, FutureState& future) noexcept {
      auto& child = static_cast<Child&>(node);
      child.kept = StateHandle::share(future);
      return !child.gathering.counts_at_once(future);
    },
    [](const Node&) { return std::string("gather.<locals>._done_callback()"); }};

void Gathering::add(const StateHandle& handle, bool is_new) {
  const bool is_another = is_new || known_.insert(handle.get()).second;
  Child& child = children_.emplace_back(*this, *handle);
  if (!is_another) return;
  ++different_;
  TaskState* const task = handle->as_task();
  // Whoever dies with it cannot be told: nobody else knows of the task.
  if (is_new) task->forget_destroy_pending();
  if (!task || handle->is_done()) child.kept = handle;
  if (handle->is_done())
    done_before_.push_back(handle.get());
  else
    wait_for(child);
}

// The outer future lives until none of them is waited for: also when nobody waits for it, its
// children's exceptions are its affair.
void Gathering::wait_for(Child& child) {
  child.future.add_callback(child);
  if (waiting_++ == 0) outer_.hold();
}
void Gathering::ends_waiting() noexcept {
  if (--waiting_ == 0) outer_.drop();
}

void Gathering::begin() {
  has_begun_ = true;
  for (FutureState* const child : std::exchange(done_before_, {})) child_is_done(*child);
}

// In CPython each child has a turn of its own then. Nobody sees those in which nothing happens: of
// a child that has not failed, and is not the last one.
bool Gathering::counts_at_once(const FutureState& child) noexcept {
  const bool is_last = done_ + 1 == different_;
  const bool ends_it = is_last || !(child.has_value() || return_exceptions_);
  if (ends_it || outer_.is_done() || !has_begun_) return false;
  ++done_;
  --waiting_;
  return true;
}

void Gathering::child_is_done(FutureState& child) {
  ++done_;
  if (!has_begun_ || outer_.is_done()) return child.forget_exception();
  if (!return_exceptions_)
    if (std::exception_ptr error = child.failure()) {
      outer_.set_exception(std::move(error));
      return give_up();
    }
  if (done_ == different_) all_are_done();
}

// It and a future that may never be done need not keep each other.
void Gathering::give_up() noexcept {
  if (std::exchange(has_given_up_, true)) return;  // whoever goes by it comes here, too
  for (Child& child : children_)
    if (child.kept.get() && !child.kept->is_done()) child.kept = {};
}

void Gathering::all_are_done() {
  if (!is_cancel_requested_) {
    if (different_ < children_.size())
      for (Child& child : children_)  // those that came twice
        if (!child.kept.get()) child.kept = StateHandle::share(child.future);
    try {
      collect(Children(children_));
    } catch (...) {  // a result that cannot be copied, or whose copying throws
      outer_.set_exception(std::current_exception());
    }
    std::vector<Child>().swap(children_);
    return;
  }
  for (const Child& child : children_) child.future.forget_exception();
  outer_.set_exception(children_.back().future.make_cancelled_error());
}

std::exception_ptr gathered_failure(FutureState& child) {
  if (!child.is_cancelled()) return child.failure();
  const std::string* const message = child.cancel_message();
  return std::make_exception_ptr(message ? CancelledError(*message) : CancelledError());
}

}  // namespace tandem::inline v1::asyncio::detail
