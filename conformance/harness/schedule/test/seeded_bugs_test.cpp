// Known bugs in toys: each must be found, and made small.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <iostream>
#include <tandem/platform/seam.hpp>
#include <tandem/threading.hpp>

#include "calls.hpp"
#include "hunt.hpp"

namespace tandem::conformance {
namespace {

void expect_found(const Target& target, const Hunt& how) {
  const auto start = std::chrono::steady_clock::now();
  const Hunted hunted = hunt(target, how);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(hunted.failure);
  const Failure& failure = *hunted.failure;
  std::cout << hunted.schedules << " schedules in " << took.count() << " s\n"
            << report(target, failure, "SeededBug." + std::string(target.name)) << "\n";
  EXPECT_LT(took, std::chrono::seconds(10));
  EXPECT_LE(failure.trial.operations(), 6U);
  EXPECT_LE(failure.preemptions, 3U);
  const Trial trial = parse(target, to_text(target, failure.trial));
  for (int i = 0; i < 100; ++i) {  // it comes back each time, the same way
    const auto again = Explorer(target, how.options).attempt(trial);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->what, failure.what);
    EXPECT_EQ(again->chart, failure.chart);
  }
}

// Nothing but the number of items.
struct Count {
  static constexpr Verb put = 0;  // get is 1
  std::size_t items = 0, room = 1;
  bool apply(const Call& call) {
    if (!lets_go_on(call)) return false;
    items += call.verb == put ? std::size_t{1} : std::size_t(-1);
    return true;
  }
  bool lets_go_on(const Call& call) const { return call.verb == put ? items < room : items > 0; }
  std::string key() const { return std::to_string(items); }
};

// Putters and getters wait on one condition, and notify() wakes one of either.
class OneCondition final : public Modelled<Count> {
 public:
  explicit OneCondition(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&] {
      changed_.acquire();
      while (verb == Count::put ? items_ == 1 : items_ == 0) changed_.wait();
      items_ += verb == Count::put ? 1 : -1;
      changed_.notify();
      changed_.release();
      return 0;
    });
  }

 private:
  threading::Condition changed_;
  int items_ = 0;
};

TEST(SeededBug, OneCondition) {
  const Target target{
      "OneCondition", {"put", "get"}, [&] { return std::make_unique<OneCondition>(target); }};
  expect_found(target, {.threads = 4});
}

// Whether it is done already is asked before the lock is taken.
class CallbackOutsideLock final : public Tested {
 public:
  explicit CallbackOutsideLock(const Target& target) : calls_(target.verbs) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls_.record(thread, verb, [&] {
      verb == 0 ? set_result() : add_callback();
      return 0;
    });
  }
  std::string verdict(const scheduled::Record&) override {
    return done_.peek() && called_ != added_ ? "a callback was not called" : "";
  }
  std::vector<Bar> bars() const override { return calls_.bars(); }

 private:
  void set_result() {
    lock_.lock();
    done_.store(true);
    called_ += std::exchange(waiting_, 0);
    lock_.unlock();
  }
  void add_callback() {
    ++added_;
    if (done_.load()) {
      ++called_;
      return;
    }
    lock_.lock();
    ++waiting_;
    lock_.unlock();
  }

  Calls calls_;
  threading::Lock lock_;
  seam::atomic<bool> done_{false};
  int added_ = 0, called_ = 0, waiting_ = 0;
};

TEST(SeededBug, CallbackOutsideLock) {
  const Target target{"CallbackOutsideLock", {"set_result", "add_callback"}, [&] {
                        return std::make_unique<CallbackOutsideLock>(target);
                      }};
  expect_found(target, {.threads = 4});
}

// Each call takes two of three locks: all three in a circle never come free again.
class ThreeLocks final : public Tested {
 public:
  explicit ThreeLocks(const Target& target) : calls_(target.verbs) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls_.record(thread, verb, [&] {
      threading::Lock &first = locks_[verb], &second = locks_[(verb + 1U) % 3];
      first.lock();
      second.lock();
      second.unlock();
      first.unlock();
      return 0;
    });
  }
  std::string verdict(const scheduled::Record& record) override {
    return record.end == scheduled::End::deadlock ? "deadlock" : "";
  }
  std::vector<Bar> bars() const override { return calls_.bars(); }

 private:
  Calls calls_;
  std::array<threading::Lock, 3> locks_;
};

TEST(SeededBug, ThreeLocks) {
  const Target target{"ThreeLocks", {"lock_a_b", "lock_b_c", "lock_c_a"}, [&] {
                        return std::make_unique<ThreeLocks>(target);
                      }};
  expect_found(target, {});
}

// A user that has looked must not be asleep while another closes, which takes many steps.
class UseAfterClose final : public Tested {
 public:
  explicit UseAfterClose(const Target& target) : calls_(target.verbs) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls_.record(thread, verb, [&] {
      verb == 0 ? use() : close();
      return 0;
    });
  }
  std::string verdict(const scheduled::Record&) override {
    return used_after_close_ ? "used after it was closed" : "";
  }
  std::vector<Bar> bars() const override { return calls_.bars(); }

 private:
  void use() {
    if (closed_.load()) return;
    work_.fetch_add(1);
    used_after_close_ |= closed_.peek();
  }
  void close() {
    for (int i = 0; i < 60; ++i) work_.fetch_add(1);
    closed_.store(true);
  }

  Calls calls_;
  seam::atomic<bool> closed_{false};
  seam::atomic<int> work_{0};
  bool used_after_close_ = false;
};

TEST(SeededBug, Starvation) {
  const Target target{
      "Starvation", {"use", "close"}, [&] { return std::make_unique<UseAfterClose>(target); }};
  expect_found(target, {});
  // Chance alone does not find it.
  Explorer explorer(target);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    RandomWalk walk(seed);
    EXPECT_FALSE(explorer.attempt({{0}, {1}}, walk));
  }
}

}  // namespace
}  // namespace tandem::conformance
