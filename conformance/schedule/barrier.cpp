#include <algorithm>
#include <array>
#include <tandem/threading.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum BarrierVerb : Verb { wait, wait_timed, abort_, n_waiting, broken, reset };
const std::vector<std::string> verbs{"wait", "wait_timed", "abort", "n_waiting", "broken", "reset"};
constexpr std::int64_t action_failed = -2;  // as a result, beside `raised`

// Each second one, where they fail at all.
constexpr bool fails(int action) { return action % 2 == 0; }

// To wait is to come and to leave. The last to come in a round completes it when it leaves, action
// included; until then nothing else can change the round.
struct BarrierModel {
  std::size_t parties;
  bool actions_fail;

  std::string inside{};             // threads, in the order in which they came; the first ones of
                                    // them, as many as there are parties, are the current round
  unsigned passed = 0, doomed = 0;  // bits of threads that may leave
  std::array<char, 4> index{};      // of each thread in its round
  bool is_broken = false;
  int actions = 0;

  bool apply(const Call& call) {
    switch (call.verb) {
      case abort_:
      case reset:
        if (is_full()) return false;
        doom_all();
        is_broken = call.verb == abort_;
        return true;
      case n_waiting:
        return call.result == static_cast<std::int64_t>(std::min(inside.size(), parties));
      case broken:
        return call.result == is_broken;
      default:
        return call.is_first_half ? come(call.thread) : leave(call);
    }
  }
  bool lets_go_on(const Call& call) const {
    if (call.verb == abort_ || call.verb == reset) return !is_full();
    return call.verb != wait || ((passed | doomed) & bit(call.thread)) != 0 || is_last(call.thread);
  }
  std::string key() const {
    return inside + ":" + std::to_string(passed) + ":" + std::to_string(doomed) + ":" +
           std::string(index.begin(), index.end()) + (is_broken ? "!" : "") +
           std::to_string(actions);
  }

 private:
  static unsigned bit(std::size_t thread) { return 1U << thread; }
  static char name(std::size_t thread) { return static_cast<char>('0' + thread); }

  bool is_full() const { return inside.size() >= parties; }
  bool is_last(std::size_t thread) const {
    return is_full() && inside[parties - 1] == name(thread);
  }
  bool come(std::size_t thread) {
    if (is_broken) return doomed |= bit(thread), true;
    index[thread] = static_cast<char>(inside.size() % parties);
    inside += name(thread);
    return true;
  }
  bool leave(const Call& call) {
    const unsigned self = bit(call.thread);
    if (passed & self) return passed &= ~self, call.result == index[call.thread];
    if (!(doomed & self)) {
      if (is_last(call.thread)) return complete(call);
      if (call.verb != wait_timed || is_full()) return false;
      doom_all();  // its time is over
      is_broken = true;
    }
    return doomed &= ~self, call.result == raised;
  }
  bool complete(const Call& call) {
    if (actions_fail && fails(++actions)) {
      doom_all();
      is_broken = true;
      return doomed &= ~bit(call.thread), call.result == action_failed;
    }
    for (std::size_t i = 0; i + 1 < parties; ++i)
      passed |= bit(static_cast<std::size_t>(inside[i] - '0'));
    inside.erase(0, parties);
    return call.result == index[call.thread];
  }
  void doom_all() {
    for (const char thread : inside) doomed |= bit(static_cast<std::size_t>(thread - '0'));
    inside.clear();
  }
};

struct ActionFailed {};

class TestedBarrier final : public Modelled<BarrierModel> {
 public:
  TestedBarrier(const Target& target, std::size_t parties, bool actions_fail)
      : Modelled(target, {.parties = parties, .actions_fail = actions_fail}),
        last_(static_cast<std::int64_t>(parties) - 1),
        // Whoever comes while a reset goes on sleeps before it counts.
        may_sleep_first_(target.verbs.size() > reset),
        barrier_(static_cast<std::int64_t>(parties), {.action = [this, actions_fail] {
                   if (fails(++actions_) && actions_fail) throw ActionFailed();
                 }}) {}

  void perform(Verb verb, std::size_t thread, std::size_t) override {
    if (verb <= wait_timed)
      return calls.record_halves(
          thread, verb, [&] { return waited(verb == wait ? Timeout() : virtual_timeout); },
          may_sleep_first_);
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == n_waiting) return static_cast<std::int64_t>(barrier_.n_waiting());
      if (verb == broken) return barrier_.broken();
      verb == abort_ ? barrier_.abort() : barrier_.reset();
      return 0;
    });
  }
  std::string verdict(const scheduled::Record& record) override {
    const std::string why = Modelled::verdict(record);
    if (!why.empty()) return why;
    const auto has_acted = [this](const Call& call) {
      if (call.verb > wait_timed || !call.is_second_half || call.is_pending()) return false;
      return call.result == last_ || call.result == action_failed;
    };
    const auto& list = calls.list();
    return std::count_if(list.begin(), list.end(), has_acted) == actions_
               ? ""
               : "not one action for each full round";
  }

 private:
  std::int64_t waited(Timeout limit) {
    try {
      return static_cast<std::int64_t>(barrier_.wait(limit));
    } catch (const threading::BrokenBarrierError&) {
      return raised;
    } catch (const ActionFailed&) {
      return action_failed;
    }
  }

  const std::int64_t last_;
  const bool may_sleep_first_;
  int actions_ = 0;
  threading::Barrier barrier_;
};

const std::vector<std::string> without_reset{verbs.begin(), verbs.begin() + reset};
const Target of_2 = target_of<TestedBarrier>("Barrier_of_2", without_reset, std::size_t{2}, false);
const Target of_3 = target_of<TestedBarrier>("Barrier_of_3", without_reset, std::size_t{3}, false);
const Target failing = target_of<TestedBarrier>("Barrier_failing", verbs, std::size_t{2}, true);
const Target with_reset = target_of<TestedBarrier>("Barrier_reset", verbs, std::size_t{2}, false);

TEST(Barrier, Explored) { explore(of_2); }
TEST(Barrier, ExploredOfThree) { explore(of_3, {.threads = 4}); }
TEST(Barrier, ExploredWithReset) { explore(with_reset); }
TEST(Barrier, ExploredWithFailingActions) { explore(failing); }
TEST(Barrier, SpuriousWakes) { explore(with_reset, {.options = {.spurious_wakes = true}}); }
TEST(Barrier, AllSchedules) {
  explore_all(of_2, {"wait / wait / abort", "wait / wait_timed / wait broken",
                     "wait wait / wait wait / n_waiting"});
  explore_all(of_3, {"wait / wait / wait", "wait / wait / wait_timed"});
  explore_all(with_reset, {"wait / wait / reset", "wait / abort reset / wait",
                           "wait_timed / reset wait / broken"});
  explore_all(failing, {"wait wait / wait wait / abort", "wait / wait reset / wait"});
}

}  // namespace
}  // namespace tandem::conformance
