// The scheduler itself: who runs, what time it is, and how a run ends.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <tandem/platform/seam.hpp>
#include <tandem/threading.hpp>
#include <vector>

#include "policies.hpp"
#include "trial.hpp"

namespace tandem::conformance {
namespace {

using namespace std::chrono_literals;
using scheduled::End;
using scheduled::Record;
using Bodies = std::vector<std::function<void()>>;

Record run(const Bodies& bodies, Schedule schedule = {}, scheduled::Options options = {}) {
  FromData policy(schedule);
  return scheduled::run(policy, options, bodies);
}
Record run(Policy& policy, const Bodies& bodies) { return scheduled::run(policy, {}, bodies); }

// A step that others can see.
void step(std::string& seen, char what) {
  seam::atomic<int> place{0};
  place.store(1);
  seen += what;
}

TEST(Scheduler, WithoutPreemptionsThreadsRunInTurn) {
  std::string seen;
  const auto twice = [&](char what) {
    return [&seen, what] { step(seen, what), step(seen, what); };
  };
  const Record record = run({twice('a'), twice('b'), twice('c')});
  EXPECT_EQ(record.end, End::finished);
  EXPECT_EQ(seen, "aabbcc");
  EXPECT_EQ(record.preemptions(), 0U);
  EXPECT_EQ(record.schedule(), Schedule{});
}

TEST(Scheduler, PreemptsWhereItIsTold) {
  std::string seen;
  const auto twice = [&](char what) {
    return [&seen, what] { step(seen, what), step(seen, what); };
  };
  // Decisions: who begins, a's first step, a's second step: here b goes on.
  const Record record = run({twice('a'), twice('b')}, {0, 0, 1});
  EXPECT_EQ(seen, "abba");
  EXPECT_EQ(record.preemptions(), 1U);
  EXPECT_EQ(record.schedule(), (Schedule{0, 0, 1}));
}

TEST(Scheduler, DeadlockIsSeen) {
  threading::Lock one, other;
  const auto take = [](threading::Lock& first, threading::Lock& second) {
    first.lock();
    second.lock();
    second.unlock();
    first.unlock();
  };
  const Bodies crossing{[&] { take(one, other); }, [&] { take(other, one); }};
  EXPECT_EQ(run(crossing).end, End::finished);
  RandomWalk walk(7);
  Record record;
  for (int i = 0; i < 100 && record.end == End::finished; ++i) record = run(walk, crossing);
  EXPECT_EQ(record.end, End::deadlock);
  EXPECT_EQ(record.stuck, (std::vector<std::uint8_t>{0, 1}));
}

TEST(Scheduler, LivelockIsSeen) {
  seam::atomic<bool> never{false};
  const auto wait = [&] {
    while (!never.load()) seam::cpu_relax();
  };
  EXPECT_EQ(run({wait, wait}, {}, {.max_steps = 1000}).end, End::livelock);
}

TEST(Scheduler, WhoSpinsLetsTheOthersGoOn) {
  seam::atomic<bool> ready{false};
  const auto wait = [&] {
    while (!ready.load()) seam::cpu_relax();
  };
  EXPECT_EQ(run({wait, wait, [&] { ready.store(true); }}).end, End::finished);
  for (int depth = 2; depth <= 3; ++depth)
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      ready.store(false);
      Pct pct(seed, depth, 10);
      EXPECT_EQ(run(pct, {wait, wait, [&] { ready.store(true); }}).end, End::finished);
    }
}

TEST(Scheduler, TimePassesWhenNobodyCanGoOn) {
  threading::Event event;
  bool set = true;
  const auto before = std::chrono::steady_clock::now();
  std::chrono::nanoseconds took{};
  run({[&] {
    const auto start = seam::clock::now();
    set = event.wait(1h);
    took = seam::clock::now() - start;
  }});
  EXPECT_FALSE(set);
  EXPECT_GE(took, 1h);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1h);
}

TEST(Scheduler, DeadlinesPassInTheirOrder) {
  std::string seen;
  const auto sleep = [&](std::chrono::nanoseconds time, char what) {
    return [&seen, time, what] {
      threading::Event().wait(time);
      seen += what;
    };
  };
  run({sleep(3s, 'c'), sleep(1s, 'a'), sleep(2s, 'b')});
  EXPECT_EQ(seen, "abc");
}

// So that somebody is asleep by then, whoever decides.
void set_late(threading::Event& event) {
  std::string ignored;
  for (int i = 0; i < 20; ++i) step(ignored, ' ');
  event.set();
}

TEST(Scheduler, TimeMayPassAlthoughSomebodyCanGoOn) {
  threading::Event event;
  bool early = false, in_time = false;
  RandomWalk walk(1);
  for (int i = 0; i < 200; ++i) {
    bool set = false;
    run(walk, {[&] { set = event.wait(1s); }, [&] { set_late(event); }});
    (set ? in_time : early) = true;
    event.clear();
  }
  EXPECT_TRUE(early);
  EXPECT_TRUE(in_time);
}

TEST(Scheduler, AnyoneOfThoseThatSleepMayBeWoken) {
  std::vector<bool> first(3);
  RandomWalk walk(1);
  for (int i = 0; i < 200; ++i) {
    threading::Semaphore semaphore(0);
    int woken = -1;
    const auto wait = [&](int who) {
      return [&, who] {
        semaphore.acquire();
        if (woken < 0) woken = who;
      };
    };
    EXPECT_EQ(run(walk, {wait(0), wait(1), wait(2), [&] { semaphore.release(3); }}).end,
              End::finished);
    first[static_cast<std::size_t>(woken)] = true;
  }
  EXPECT_EQ(first, std::vector<bool>(3, true));
}

TEST(Scheduler, ThreadsWakeWithoutReasonWhenAsked) {
  threading::Event event;
  bool spurious = false;
  RandomWalk walk(1);
  for (int i = 0; i < 100; ++i) {
    const Record record = scheduled::run(walk, {.spurious_wakes = true},
                                         Bodies{[&] { event.wait(); }, [&] { set_late(event); }});
    EXPECT_EQ(record.end, End::finished);
    for (const scheduled::Turn& turn : record.turns)
      spurious |= turn.chosen.kind == Candidate::Kind::spurious;
    event.clear();
  }
  EXPECT_TRUE(spurious);
}

// All fibers share one thread of the system, and so its exceptions in flight.
TEST(Scheduler, ExceptionsStayWithTheirThreads) {
  std::string seen;
  const auto rethrow = [&](const char* what) {
    return [&seen, what] {
      try {
        try {
          throw std::runtime_error(what);
        } catch (const std::exception&) {
          std::string ignored;
          step(ignored, ' ');
          throw;
        }
      } catch (const std::exception& error) {
        seen += error.what();
      }
    };
  };
  run({rethrow("a"), rethrow("b")}, {0, 1, 1});
  EXPECT_TRUE(seen == "ab" || seen == "ba") << seen;
}

TEST(Scheduler, WhatAThreadThrowsIsReported) {
  const Record record = run({[] { throw std::runtime_error("oops"); }});
  EXPECT_EQ(record.end, End::finished);
  EXPECT_THROW(std::rethrow_exception(record.error), std::runtime_error);
}

TEST(Scheduler, ThreadsKnowThemselves) {
  std::vector<std::string> names;
  const Record record = run({[&] {
    threading::Thread thread(
        {.target = [&] { names.push_back(threading::current_thread().name()); }, .name = "other"});
    thread.start();
    thread.join();
    names.push_back(threading::current_thread().name());
  }});
  EXPECT_EQ(record.end, End::finished);
  EXPECT_EQ(names, (std::vector<std::string>{"other", "MainThread"}));
  EXPECT_EQ(threading::active_count(), 1U);
}

TEST(Scheduler, AbandonedThreadsAreForgotten) {
  threading::Event never;
  const Record record = run({[&] { threading::Thread([&] { never.wait(); }).start(); }});
  EXPECT_EQ(record.end, End::deadlock);
  EXPECT_EQ(threading::active_count(), 1U);
}

TEST(Scheduler, ARecordedScheduleIsRepeatedExactly) {
  const auto bodies = [](threading::Lock& lock, std::string& seen) {
    const auto thrice = [&](char what) {
      return [&, what] {
        for (int i = 0; i < 3; ++i) {
          lock.lock();
          step(seen, what);
          lock.unlock();
        }
      };
    };
    return Bodies{thrice('a'), thrice('b'), thrice('c')};
  };
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    threading::Lock lock;
    std::string first, again;
    RandomWalk walk(seed);
    const Record record = run(walk, bodies(lock, first));
    const Record repeated = run(bodies(lock, again), record.schedule());
    EXPECT_EQ(first, again);
    EXPECT_EQ(record.schedule(), repeated.schedule());
  }
}

}  // namespace
}  // namespace tandem::conformance
