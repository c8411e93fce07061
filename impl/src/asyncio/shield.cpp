#include "tandem/asyncio/shield.hpp"

#include <string>

#include "asyncio/loop_state.hpp"

namespace tandem::inline v1::asyncio::detail {

namespace {

// Stands in the callbacks of both, and lives until it stands in neither. It keeps the outer future
// until the inner one is done, and the inner one not at all.
class Shield {
 public:
  Shield(FutureState& inner, FutureState& outer, HandOn hand_on, bool is_own)
      : inner_(&inner), outer_(StateHandle::share(outer)), hand_on_(hand_on), is_own_(is_own) {
    inner.add_callback(of_inner_);
    outer.add_callback(of_outer_);
  }

 private:
  struct Callback : Node {
    Callback(const NodeOps& operations, Shield& owner) noexcept : Node(operations), shield(owner) {}
    Shield& shield;
  };
  static Shield& shield_of(Node& node) noexcept { return static_cast<Callback&>(node).shield; }
  static constexpr const char* inner_callback = "shield.<locals>._inner_done_callback()";
  static const NodeOps inner_ops_, outer_ops_;

  void inner_is_done() {
    const StateHandle inner = std::move(done_), outer = std::move(outer_);
    const HandOn hand_on = hand_on_;
    const bool is_own = is_own_;
    leave_inner();
    if (outer->is_cancelled()) return inner->forget_exception();
    if (inner->is_cancelled()) {
      outer->cancel("");
    } else if (outer->is_done()) {
      inner->forget_exception();
      outer->loop().report(
          {.message = std::string("Exception in callback ") + inner_callback,
           .exception = std::make_exception_ptr(InvalidStateError("invalid state"))});
    } else if (std::exception_ptr error = inner->failure()) {
      outer->set_exception(std::move(error));
    } else {
      try {
        hand_on(*inner, *outer, is_own);
      } catch (...) {  // the result's copying
        outer->set_exception(std::current_exception());
      }
    }
  }
  // Done or cancelled: in the latter case the inner one goes its own way.
  void outer_is_done() {
    if (inner_ && !inner_->is_done() && inner_->remove_callback(of_inner_)) leave_inner();
    drop();
  }
  void leave_inner() noexcept {
    const StateHandle outer = std::move(outer_);
    inner_ = nullptr;
    drop();
  }
  void drop() noexcept {
    if (--callbacks_ == 0) delete this;
  }

  Callback of_inner_{inner_ops_, *this}, of_outer_{outer_ops_, *this};
  int callbacks_ = 2;
  FutureState* inner_;  // null: it needs nothing any more, or is gone
  StateHandle done_;    // the inner one, from when it is done
  StateHandle outer_;
  const HandOn hand_on_;
  const bool is_own_;
};

const NodeOps Shield::inner_ops_{[](Node& node) { shield_of(node).inner_is_done(); },
                                 [](Node& node) noexcept { shield_of(node).leave_inner(); },
                                 [](Node& node, FutureState& inner) noexcept {
                                   shield_of(node).done_ = StateHandle::share(inner);
                                   return true;
                                 },
                                 [](const Node&) { return std::string(inner_callback); }};

const NodeOps Shield::outer_ops_{
    [](Node& node) { shield_of(node).outer_is_done(); },
    [](Node& node) noexcept { shield_of(node).drop(); }, nullptr,
    [](const Node&) { return std::string("shield.<locals>._outer_done_callback()"); }};

}  // namespace

void shield_from(FutureState& inner, FutureState& outer, HandOn hand_on, bool is_own) {
  new Shield(inner, outer, hand_on, is_own);
}

}  // namespace tandem::inline v1::asyncio::detail
