#include <tandem/threading.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum EventVerb : Verb { set, clear, is_set, wait, wait_timed };
const std::vector<std::string> verbs{"set", "clear", "is_set", "wait", "wait_timed"};

// To wait is to arrive and to leave: set() lets all through that have arrived, even when clear()
// follows at once.
struct EventModel {
  bool flag = false;
  unsigned arrived = 0, let_through = 0;  // bits of threads

  bool apply(const Call& call) {
    const unsigned self = 1U << call.thread;
    switch (call.verb) {
      case set:
        flag = true;
        let_through |= arrived;
        return true;
      case clear:
        flag = false;
        return true;
      case is_set:
        return call.result == flag;
      default:
        if (call.is_first_half) return arrived |= self, true;
        if (call.result != lets_go_on(call)) return false;
        arrived &= ~self;
        let_through &= ~self;
        return true;
    }
  }
  bool lets_go_on(const Call& call) const { return flag || (let_through >> call.thread & 1U); }
  std::string key() const {
    return std::to_string(flag) + ":" + std::to_string(arrived) + ":" + std::to_string(let_through);
  }
};

class TestedEvent final : public Modelled<EventModel> {
 public:
  explicit TestedEvent(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    if (verb >= wait)
      return calls.record_halves(thread, verb, [&]() -> std::int64_t {
        return verb == wait ? event_.wait() : event_.wait(virtual_timeout);
      });
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == is_set) return event_.is_set();
      verb == set ? event_.set() : event_.clear();
      return 0;
    });
  }

 private:
  threading::Event event_;
};

const Target event_target = target_of<TestedEvent>("Event", verbs);

TEST(Event, Explored) { explore(event_target); }
TEST(Event, SpuriousWakes) { explore(event_target, {.options = {.spurious_wakes = true}}); }
TEST(Event, AllSchedules) {
  explore_all(event_target, {"wait / wait / set clear", "wait clear wait / wait_timed / set set",
                             "wait / set clear / set clear"});
}

}  // namespace
}  // namespace tandem::conformance
