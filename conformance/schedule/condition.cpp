#include <mutex>
#include <tandem/threading.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum ConditionVerb : Verb { wait, wait_timed, notify, notify_2, notify_all };
const std::vector<std::string> verbs{"wait", "wait_timed", "notify", "notify_2", "notify_all"};

// Every verb takes the lock before and gives it back afterwards, so that the lock is no part of the
// model. To wait is to queue and to be notified.
struct ConditionModel {
  std::string queued;     // threads, in the order in which they came
  unsigned notified = 0;  // bits of threads

  bool apply(const Call& call) {
    if (call.verb >= notify) {
      const std::size_t n = call.verb == notify ? 1 : call.verb == notify_2 ? 2 : queued.size();
      for (const char thread : queued.substr(0, n)) notified |= 1U << (thread - '0');
      queued.erase(0, n);
      return true;
    }
    const char self = static_cast<char>('0' + call.thread);
    if (call.is_first_half) return queued += self, true;
    if (call.result != lets_go_on(call)) return false;
    std::erase(queued, self);
    notified &= ~(1U << call.thread);
    return true;
  }
  bool lets_go_on(const Call& call) const {
    return call.verb >= notify || (notified >> call.thread & 1U) != 0;
  }
  std::string key() const { return queued + ":" + std::to_string(notified); }
};

template <class L>
class TestedCondition final : public Modelled<ConditionModel> {
 public:
  explicit TestedCondition(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    const std::scoped_lock guard(condition_);
    if (verb < notify)
      return calls.record_halves(thread, verb, [&]() -> std::int64_t {
        return verb == wait ? condition_.wait() : condition_.wait(virtual_timeout);
      });
    calls.record(thread, verb, [&] {
      verb == notify_all ? condition_.notify_all() : condition_.notify(verb == notify ? 1 : 2);
      return 0;
    });
  }

 private:
  L lock_;
  threading::Condition condition_{lock_};
};

const Target over_lock = target_of<TestedCondition<threading::Lock>>("Condition", verbs);
const Target over_rlock = target_of<TestedCondition<threading::RLock>>("Condition_RLock", verbs);

TEST(Condition, Explored) { explore(over_lock); }
TEST(Condition, ExploredOverRLock) { explore(over_rlock); }
TEST(Condition, SpuriousWakes) { explore(over_lock, {.options = {.spurious_wakes = true}}); }
TEST(Condition, AllSchedules) {
  explore_all(over_lock, {"wait / wait / notify notify", "wait / wait_timed / notify_all",
                          "wait_timed / wait_timed / notify"});
}

}  // namespace
}  // namespace tandem::conformance
