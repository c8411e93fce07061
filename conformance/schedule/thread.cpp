#include <tandem/threading.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum ThreadVerb : Verb { start, join, join_timed, is_alive, ends };
const std::vector<std::string> verbs{"start", "join", "join_timed", "is_alive"};

struct ThreadModel {
  enum Phase { initial, started, ended } phase = initial;

  bool apply(const Call& call) {
    const Phase before = phase;
    switch (call.verb) {
      case start:
        if (before == initial) phase = started;
        return call.result == (before == initial ? 0 : raised);
      case ends:
        phase = ended;
        return before == started;
      case is_alive:
        return call.result == (before == started);
      default:
        if (before == initial) return call.result == raised;
        return call.result == 0 && (call.verb == join_timed || before == ended);
    }
  }
  bool lets_go_on(const Call& call) const { return call.verb != join || phase != started; }
  std::string key() const { return std::to_string(phase); }
};

class TestedThread final : public Modelled<ThreadModel> {
 public:
  explicit TestedThread(const Target& target)
      : Modelled(target, {}), thread_([this] { calls.record_open(its_lane, ends); }) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == is_alive) return thread_.is_alive();
      return result_or_raised<RuntimeError>([&] {
        if (verb == start) thread_.start();
        if (verb == join) thread_.join();
        if (verb == join_timed) thread_.join(virtual_timeout);
        return 0;
      });
    });
  }

 private:
  static constexpr std::size_t its_lane = 15;
  threading::Thread thread_;
};

const Target thread_target = target_of<TestedThread>("Thread", verbs);

TEST(Thread, Explored) { explore(thread_target); }
TEST(Thread, SpuriousWakes) { explore(thread_target, {.options = {.spurious_wakes = true}}); }
TEST(Thread, AllSchedules) {
  explore_all(thread_target, {"start join is_alive / is_alive is_alive", "start / start join",
                              "start join / join_timed join"});
}

}  // namespace
}  // namespace tandem::conformance
