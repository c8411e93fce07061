// The place to wait on which queues and semaphores stand, with nothing around it: short enough for
// more preemptions than they allow.
#include <tandem/core/gate.hpp>
#include <tandem/platform/seam.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum GateVerb : Verb { take, take_timed, try_take, give };
const std::vector<std::string> verbs{"take", "take_timed", "try_take", "give"};

struct Permits {
  int count = 0;
  bool apply(const Call& call) {
    if (call.verb == give) return ++count, true;
    if (count == 0) return call.verb != take && call.result == 0;
    --count;
    return call.result == 1;
  }
  bool lets_go_on(const Call& call) const { return call.verb != take || count > 0; }
  std::string key() const { return std::to_string(count); }
};

class TestedGate final : public Modelled<Permits> {
 public:
  explicit TestedGate(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == try_take) return try_to_take();
      if (verb != give) return taken(verb == take ? Timeout() : virtual_timeout);
      permits_.fetch_add(1);
      gate_.wake_one();
      return 0;
    });
  }

 private:
  bool try_to_take() {
    int permits = permits_.load();
    while (permits > 0)
      if (permits_.compare_exchange_weak(permits, permits - 1)) return true;
    return false;
  }
  bool taken(Timeout limit) {
    const auto until = detail::Deadline::after(limit);
    const auto ready = [&] { return permits_.load() > 0; };
    while (!try_to_take())
      if (!gate_.wait(ready, until)) return false;
    gate_.hand_on(ready);
    return true;
  }

  seam::atomic<int> permits_{0};
  detail::Gate gate_;
};

const Target gate_target = target_of<TestedGate>("Gate", verbs);

TEST(Gate, Explored) { explore(gate_target, {.threads = 4}); }
TEST(Gate, SpuriousWakes) {
  explore(gate_target, {.threads = 4, .options = {.spurious_wakes = true}});
}
TEST(Gate, AllSchedules) {
  explore_all(gate_target, {"take / take_timed / give", "take / take / give give",
                            "give give / take take_timed / try_take"});
}
// Once a call whose time was over slept for the permit of a waker that was on its way, which
// another thread took instead. No two preemptions show that.
TEST(Gate, AllSchedulesWithThreePreemptions) {
  explore_all(gate_target, {"give / try_take / take / take_timed"}, 3);
}

}  // namespace
}  // namespace tandem::conformance
