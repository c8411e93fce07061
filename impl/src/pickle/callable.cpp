#include "tandem/pickle/callable.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include "pickle/places.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::pickle {

namespace detail {

namespace {

seam::atomic<const ActionNode*> last_action{nullptr};

// All actions there are, sorted by address; looked at without a lock.
class Actions {
 public:
  // Compares only: the address may be any.
  const ActionNode* find(std::uintptr_t address) {
    const Table* table = table_.load();
    if (table)
      if (const auto* action = find_in(*table, address)) return action;
    return find_in(renewed(), address);
  }

 private:
  struct Table {
    const ActionNode* last;
    std::vector<const ActionNode*> actions;
  };

  static const ActionNode* find_in(const Table& table, std::uintptr_t address) {
    const auto place = [](const ActionNode* action) {
      return reinterpret_cast<std::uintptr_t>(action);
    };
    const auto found = std::ranges::lower_bound(table.actions, address, {}, place);
    return found != table.actions.end() && place(*found) == address ? *found : nullptr;
  }
  const Table& renewed() {
    std::scoped_lock guard(mutex_);
    const ActionNode* const last = last_action.load();
    if (tables_.empty() || tables_.back()->last != last) {  // a library has brought some
      Table table{last, {}};
      for (const ActionNode* action = last; action; action = action->next)
        table.actions.push_back(action);
      std::ranges::sort(table.actions, std::less<>());
      tables_.push_back(std::make_unique<Table>(std::move(table)));
      table_.store(tables_.back().get());
    }
    return *tables_.back();
  }

  tandem::detail::ForkSafeMutex mutex_{tandem::detail::ForkStage::core};
  std::vector<std::unique_ptr<const Table>> tables_;  // somebody may still look at the old ones
  seam::atomic<const Table*> table_{nullptr};
};

Actions& actions() {
  static Actions& forever = *new Actions;  // never destroyed: statics make calls, too
  return forever;
}
[[maybe_unused]] const Actions& actions_at_start = actions();

}  // namespace

BoundCall::~BoundCall() = default;

ActionNode::ActionNode(std::uint64_t action_hash, const std::type_info& action_type, Run action_run,
                       Load action_load) noexcept
    : hash(action_hash),
      type(action_type),
      run(action_run),
      load(action_load),
      next(last_action.load()) {
  while (!last_action.compare_exchange_weak(next, this)) {
  }
}

// The hash says that both sides mean the same by what lies there.
void write_action(Output& output, const ActionNode& action) {
  write_place(output, reinterpret_cast<std::uintptr_t>(&action));
  output.write_value(action.hash);
}

const ActionNode& read_action(Input& input) {
  const ActionNode* const action = actions().find(read_place(input, Part::ANY));
  if (!action || input.read_value<std::uint64_t>() != action->hash)
    throw UnpicklingError("no call that this program makes");
  return *action;
}

void write_callee(Output& output, void (*function)()) {
  if (!function) throw TypeError("'NoneType' object is not callable");
  write_place(output, reinterpret_cast<std::uintptr_t>(function));
}

void (*read_callee(Input& input))() {
  return reinterpret_cast<void (*)()>(read_place(input, Part::CODE));
}

}  // namespace detail

Outcome invoke(Input& call, Output& outcome) {
  const Output::Message message(outcome);
  const Output::Copying copying(outcome);  // the result does not outlive its call
  const Output::Mark mark = outcome.mark();
  bool has_returned = false;
  try {
    outcome.write_value(Outcome::VALUE);
    const Input::Message call_message(call);
    detail::read_action(call).run(call, outcome, has_returned);
    return Outcome::VALUE;
  } catch (...) {
    outcome.rewind(mark);
    const Outcome what = has_returned ? Outcome::UNSENDABLE : Outcome::EXCEPTION;
    outcome.write_value(what);
    encode_exception(std::current_exception(), outcome);
    return what;
  }
}

std::exception_ptr decode_outcome(Input& outcome, Outcome& what) {
  what = static_cast<Outcome>(outcome.read_choice(static_cast<unsigned char>(Outcome::UNSENDABLE)));
  return what == Outcome::VALUE ? nullptr : decode_exception(outcome);
}

void PortableCall::pickle(Output& output) const {
  output.write_value(static_cast<char>(bound_ != nullptr));
  if (bound_) bound_->encode(output);
}

PortableCall PortableCall::unpickle(Input& input) {
  PortableCall call;
  if (input.read_choice(1) == 1) {
    const Input::Message message(input);
    call.bound_ = detail::read_action(input).load(input);
  }
  return call;
}

}  // namespace tandem::inline v1::pickle
