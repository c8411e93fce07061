#include <tandem/threading.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum SemaphoreVerb : Verb { acquire, try_acquire, acquire_timed, release, release_2 };
const std::vector<std::string> verbs{"acquire", "try", "acquire_timed", "release", "release_2"};

struct SemaphoreModel {
  int count = 0, limit = 1000;
  bool apply(const Call& call) {
    if (call.verb >= release) {
      const int n = call.verb == release ? 1 : 2;
      if (count + n > limit) return call.result == raised;
      count += n;
      return call.result == 0;
    }
    if (count == 0) return call.verb != acquire && call.result == 0;
    --count;
    return call.result == 1;
  }
  bool lets_go_on(const Call& call) const { return call.verb != acquire || count > 0; }
  std::string key() const { return std::to_string(count); }
};

template <class S>
class TestedSemaphore final : public Modelled<SemaphoreModel> {
 public:
  TestedSemaphore(const Target& target, int count, int limit)
      : Modelled(target, {count, limit}), semaphore_(count) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == acquire) return semaphore_.acquire();
      if (verb == try_acquire) return semaphore_.acquire({.blocking = false});
      if (verb == acquire_timed) return semaphore_.acquire({.timeout = virtual_timeout});
      return result_or_raised<ValueError>(
          [&] { return semaphore_.release(verb == release ? 1 : 2), 0; });
    });
  }

 private:
  S semaphore_;
};

const Target semaphore_target =
    target_of<TestedSemaphore<threading::Semaphore>>("Semaphore", verbs, 0, 1000);
const Target bounded_target =
    target_of<TestedSemaphore<threading::BoundedSemaphore>>("BoundedSemaphore", verbs, 2, 2);

TEST(Semaphore, Explored) { explore(semaphore_target); }
TEST(Semaphore, SpuriousWakes) { explore(semaphore_target, {.options = {.spurious_wakes = true}}); }
TEST(Semaphore, AllSchedules) {
  explore_all(semaphore_target,
              {"acquire release / acquire release / release", "acquire / acquire_timed / release_2",
               "acquire / acquire / release release"});
}

TEST(BoundedSemaphore, Explored) { explore(bounded_target); }
TEST(BoundedSemaphore, SpuriousWakes) {
  explore(bounded_target, {.options = {.spurious_wakes = true}});
}
TEST(BoundedSemaphore, AllSchedules) {
  explore_all(bounded_target, {"acquire release / acquire release / acquire release"});
}

}  // namespace
}  // namespace tandem::conformance
