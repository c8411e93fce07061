#include <tandem/threading.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum LockVerb : Verb { acquire, try_acquire, acquire_timed, release, locked };
const std::vector<std::string> verbs{"acquire", "try", "acquire_timed", "release", "locked"};

std::int64_t acquired(auto& lock, Verb verb) {
  if (verb == try_acquire) return lock.acquire({.blocking = false});
  return verb == acquire ? lock.acquire() : lock.acquire({.timeout = virtual_timeout});
}

struct LockModel {
  bool held = false;
  bool apply(const Call& call) {
    const bool before = held;
    switch (call.verb) {
      case acquire:
      case try_acquire:
      case acquire_timed:
        held = true;
        return call.result == !before;
      case release:
        held = false;
        return call.result == (before ? 0 : raised);
      default:
        return call.result == held;
    }
  }
  bool lets_go_on(const Call& call) const { return call.verb != acquire || !held; }
  std::string key() const { return held ? "h" : ""; }
};

class TestedLock final : public Modelled<LockModel> {
 public:
  explicit TestedLock(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == locked) return lock_.locked();
      if (verb != release) return acquired(lock_, verb);
      return result_or_raised<RuntimeError>([&] { return lock_.release(), 0; });
    });
  }

 private:
  threading::Lock lock_;
};

const Target lock_target = target_of<TestedLock>("Lock", verbs);

TEST(Lock, Explored) { explore(lock_target); }
TEST(Lock, SpuriousWakes) { explore(lock_target, {.options = {.spurious_wakes = true}}); }
TEST(Lock, AllSchedules) {
  explore_all(lock_target, {"acquire release / acquire release / acquire release",
                            "acquire release / acquire_timed release / acquire release",
                            "acquire acquire / release / release"});
}

struct RLockModel {
  static constexpr int nobody = -1;
  int owner = nobody, count = 0;
  bool apply(const Call& call) {
    const bool owned = owner == call.thread;
    if (call.verb == release) {
      if (!owned) return call.result == raised;
      if (--count == 0) owner = nobody;
      return call.result == 0;
    }
    if (owner != nobody && !owned) return call.verb != acquire && call.result == 0;
    owner = call.thread;
    ++count;
    return call.result == 1;
  }
  bool lets_go_on(const Call& call) const {
    return call.verb != acquire || owner == nobody || owner == call.thread;
  }
  std::string key() const { return std::to_string(owner) + ":" + std::to_string(count); }
};

class TestedRLock final : public Modelled<RLockModel> {
 public:
  explicit TestedRLock(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb != release) return acquired(lock_, verb);
      return result_or_raised<RuntimeError>([&] { return lock_.release(), 0; });
    });
  }

 private:
  threading::RLock lock_;
};

const Target rlock_target =
    target_of<TestedRLock>("RLock", {verbs.begin(), verbs.begin() + locked});

TEST(RLock, Explored) { explore(rlock_target); }
TEST(RLock, SpuriousWakes) { explore(rlock_target, {.options = {.spurious_wakes = true}}); }
TEST(RLock, AllSchedules) {
  explore_all(rlock_target, {"acquire acquire release release / acquire release / try",
                             "acquire release / acquire_timed release / acquire release"});
}

}  // namespace
}  // namespace tandem::conformance
