#include <tandem/threading.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum TimerVerb : Verb { start, cancel, join, join_timed, finished, fires, has_fired };
const std::vector<std::string> verbs{"start", "cancel", "join", "join_timed", "finished", "fires"};

// A timer decides to fire some time before it calls its function, and is finished some time after
// that has returned.
struct TimerModel {
  enum Phase { initial, started, firing, fired } phase = initial;
  bool is_cancelled = false;

  bool apply(const Call& call) {
    const Phase before = phase;
    switch (call.verb) {
      case start:
        if (before == initial) phase = started;
        return call.result == (before == initial ? 0 : raised);
      case cancel:
        return is_cancelled = true;
      case fires:
        phase = firing;
        return before == started && !is_cancelled;
      case has_fired:
        phase = fired;
        return before == firing;
      case finished:
        return call.result == (is_cancelled || phase == fired);
      default:
        if (before == initial) return call.result == raised;
        return call.result == 0 && (call.verb == join_timed || lets_go_on(call));
    }
  }
  bool lets_go_on(const Call& call) const {
    if (call.verb != join) return true;
    return phase == initial || phase == fired || (phase == started && is_cancelled);
  }
  std::string key() const { return std::to_string(phase) + (is_cancelled ? "c" : ""); }
};

class TestedTimer final : public Modelled<TimerModel> {
 public:
  explicit TestedTimer(const Target& target)
      : Modelled(target, {}), timer_(virtual_timeout, [this] {
          calls.record_by_now(its_lane, fires);
          calls.record_open(its_lane, has_fired);
        }) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == finished) return timer_.finished().is_set();
      return result_or_raised<RuntimeError>([&] {
        if (verb == start) timer_.start();
        if (verb == cancel) timer_.cancel();
        if (verb == join) timer_.join();
        if (verb == join_timed) timer_.join(virtual_timeout);
        return 0;
      });
    });
  }

 private:
  static constexpr std::size_t its_lane = 15;
  threading::Timer timer_;
};

const Target timer_target = target_of<TestedTimer>("Timer", {verbs.begin(), verbs.begin() + fires});

TEST(Timer, Explored) { explore(timer_target); }
TEST(Timer, SpuriousWakes) { explore(timer_target, {.options = {.spurious_wakes = true}}); }
TEST(Timer, AllSchedules) {
  explore_all(timer_target, {"start join finished / cancel", "start cancel / join_timed / finished",
                             "start / cancel join"});
}

}  // namespace
}  // namespace tandem::conformance
