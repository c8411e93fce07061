#include "tandem/asyncio/task_group.hpp"

#include <cstddef>
#include <new>
#include <ostream>
#include <vector>

#include "tandem/core/block_pool.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

namespace {

bool is_cancellation(const std::exception_ptr& error) {
  return error && v1::detail::is<CancelledError>(error);
}

// Those that are not gathered, but thrown as they are.
bool is_base_error(const std::exception_ptr& error) {
  return v1::detail::is<SystemExit>(error) || v1::detail::is<KeyboardInterrupt>(error);
}

}  // namespace

// CPython's fields, under its names.
class GroupState : public std::enable_shared_from_this<GroupState> {
 public:
  // A task of the group: a callback of it, in the list of those that are not done.
  struct Member : Node {
    Member(std::shared_ptr<GroupState> of, FutureState& state) noexcept
        : Node(ops), group(std::move(of)), task(state) {}
    static const NodeOps ops;

    std::shared_ptr<GroupState> group;
    FutureState& task;  // the loop's until it is done
    StateHandle done;   // from then on
    Member *next_member = nullptr, *previous_member = nullptr;
  };

  void add(FutureState& task) {
    if (task.is_done()) return on_task_done(task);
    auto* const member = ::new (allocate_block(sizeof(Member))) Member(shared_from_this(), task);
    link(*member);
    task.add_callback(*member);
  }
  void abort() {
    is_aborting = true;
    for (Member* member = first_; member; member = member->next_member)
      if (!member->task.is_done()) member->task.cancel("");
  }
  void on_task_done(FutureState& task) {
    if (on_completed && !first_ && !on_completed->done()) on_completed->set_result();
    if (task.is_cancelled()) return;
    std::exception_ptr error = task.exception();
    if (!error) return;
    errors.push_back(error);
    if (!base_error && is_base_error(error)) base_error = error;
    if (!parent || parent->done()) return report_orphan(task, std::move(error));
    if (is_aborting || is_parent_cancel_requested) return;
    // The body is cancelled too; aexit() takes that back.
    abort();
    is_parent_cancel_requested = true;
    parent->cancel("");
  }

  std::string text() const {
    std::string info;
    if (first_) info += " tasks=" + std::to_string(count_);
    if (!errors.empty()) info += " errors=" + std::to_string(errors.size());
    if (is_aborting)
      info += " cancelling";
    else if (loop)
      info += " entered";
    return "<TaskGroup" + info + ">";
  }
  bool has_tasks() const noexcept { return first_ != nullptr; }

  LoopState* loop = nullptr;      // once it was entered
  std::optional<AnyTask> parent;  // that entered it; none once the group is gone
  bool is_exiting = false, is_aborting = false, is_parent_cancel_requested = false;
  std::vector<std::exception_ptr> errors;
  std::exception_ptr base_error;
  std::optional<Future<>> on_completed;

 private:
  void link(Member& member) noexcept {
    member.previous_member = last_;
    (last_ ? last_->next_member : first_) = &member;
    last_ = &member;
    ++count_;
  }
  void unlink(Member& member) noexcept {
    (member.previous_member ? member.previous_member->next_member : first_) = member.next_member;
    (member.next_member ? member.next_member->previous_member : last_) = member.previous_member;
    --count_;
  }
  static void end(Member& member) noexcept {
    member.~Member();
    free_block(&member, sizeof(Member));
  }
  void report_orphan(FutureState& task, std::exception_ptr error) {
    loop_of(*loop).call_exception_handler(
        {.message = "Task " + task.to_string() +
                    " has errored out but its parent task is already completed",
         .exception = std::move(error),
         .task = Access::share<AnyTask>(task)});
  }

  Member *first_ = nullptr, *last_ = nullptr;
  std::size_t count_ = 0;
};

const NodeOps GroupState::Member::ops{
    [](Node& node) {
      auto& member = static_cast<Member&>(node);
      const std::shared_ptr<GroupState> group = std::move(member.group);
      const StateHandle task = std::move(member.done);
      group->unlink(member);
      end(member);
      group->on_task_done(*task);
    },
    [](Node& node) noexcept {
      auto& member = static_cast<Member&>(node);
      const std::shared_ptr<GroupState> group = std::move(member.group);
      group->unlink(member);
      end(member);
    },
    [](Node& node, FutureState& task) noexcept {
      static_cast<Member&>(node).done = StateHandle::share(task);
      return true;
    },
    [](const Node&) { return std::string("TaskGroup._on_task_done()"); }};

}  // namespace detail

using detail::is_base_error;
using detail::is_cancellation;

TaskGroup::TaskGroup() : state_(std::make_shared<detail::GroupState>()) {}
TaskGroup::~TaskGroup() { state_->parent.reset(); }

std::optional<std::string> TaskGroup::refusal() const {
  const auto refused = [&](const char* why) { return "TaskGroup " + state_->text() + why; };
  if (!state_->loop) return refused(" has not been entered");
  if (state_->is_exiting && !state_->has_tasks()) return refused(" is finished");
  if (state_->is_aborting) return refused(" is shutting down");
  return {};
}

detail::LoopState& TaskGroup::loop() const noexcept { return *state_->loop; }
void TaskGroup::add(const AnyFuture& task) { state_->add(detail::Access::state(task)); }

Coroutine<> TaskGroup::aenter() {
  if (state_->loop) throw RuntimeError("TaskGroup " + state_->text() + " has already been entered");
  detail::LoopState& loop = detail::running_loop();
  detail::TaskState* const task = detail::current_task_state();
  if (!task)
    throw RuntimeError("TaskGroup " + state_->text() + " cannot determine the parent task");
  state_->parent = detail::Access::share<AnyTask>(*task);
  state_->loop = &loop;
  co_return;
}

Coroutine<bool> TaskGroup::aexit(std::exception_ptr error) {
  detail::GroupState& group = *state_;
  group.is_exiting = true;
  if (error && !group.base_error && is_base_error(error)) group.base_error = error;
  const bool is_cancelled = is_cancellation(error);
  std::exception_ptr cancellation = is_cancelled ? error : nullptr;
  if (error && !group.is_aborting) group.abort();

  // In a loop, since the waiting can be cancelled several times.
  while (group.has_tasks()) {
    std::exception_ptr caught;
    if (!group.on_completed) group.on_completed.emplace(detail::loop_of(*group.loop));
    try {
      co_await *group.on_completed;
    } catch (const CancelledError&) {
      caught = std::current_exception();
    }
    if (caught && !group.is_aborting) {
      cancellation = std::move(caught);
      group.abort();
    }
    group.on_completed.reset();
  }

  if (group.base_error) std::rethrow_exception(group.base_error);
  // What the group itself has asked for has to be taken back.
  if (group.is_parent_cancel_requested && group.parent->uncancel() == 0) cancellation = nullptr;
  if (cancellation && group.errors.empty()) std::rethrow_exception(cancellation);
  if (error && !is_cancelled) group.errors.push_back(error);
  if (group.errors.empty()) co_return false;
  // A cancellation from outside is not lost: the task is cancelled anew, the count the same.
  if (group.parent->cancelling()) {
    group.parent->uncancel();
    group.parent->cancel("");
  }
  std::rethrow_exception(
      v1::detail::group_of("unhandled errors in a TaskGroup", std::exchange(group.errors, {})));
}

std::string to_string(const TaskGroup& group) { return group.state_->text(); }
std::ostream& operator<<(std::ostream& out, const TaskGroup& group) {
  return out << to_string(group);
}

}  // namespace tandem::inline v1::asyncio
