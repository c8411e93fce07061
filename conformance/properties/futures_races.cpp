// Several threads submit to one pool, cancel and shut it down, all at once: 1e5 rounds in a soak.
// In the end every future is done or cancelled, every callback has been called once, nothing is
// left over, and nobody hangs (watchdog.hpp).
#include <atomic>
#include <chrono>
#include <filesystem>
#include <tandem/futures.hpp>
#include <thread>
#include <vector>

#include "property.hpp"
#include "team.hpp"
#include "watchdog.hpp"

namespace tandem::conformance {
namespace {

constexpr Counts rounds{"rounds", 1'000, 100'000};
constexpr std::size_t max_threads = 4;

Team& team() {
  static Team kept(max_threads);
  return kept;
}

// What a thread does in a round.
enum class Act : std::uint8_t {
  submit,
  submit_raising,
  submit_nested,
  map,
  cancel_last,
  cancel_first,
  wait_a_little,
  shutdown,
  shutdown_cancelling,
  shutdown_waiting
};
using Program = std::vector<Act>;
struct Round {
  int workers = 1;
  std::vector<Program> programs;
};
std::ostream& operator<<(std::ostream& out, Act act) {
  constexpr const char* names[] = {"submit",
                                   "submit_raising",
                                   "submit_nested",
                                   "map",
                                   "cancel_last",
                                   "cancel_first",
                                   "wait_a_little",
                                   "shutdown",
                                   "shutdown_cancelling",
                                   "shutdown_waiting"};
  return out << names[static_cast<std::size_t>(act)];
}
std::ostream& operator<<(std::ostream& out, const Round& round) {
  out << round.workers << " workers";
  for (const Program& program : round.programs) {
    out << "\n ";
    for (const Act act : program) out << " " << act;
  }
  return out;
}

// Lives in every task and result: none may be left.
class Counted {
 public:
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }
  static inline std::atomic<std::int64_t> alive{0};
};

using Future = futures::Future<Counted>;

struct Submitted {
  Future future;
  std::shared_ptr<std::atomic<int>> called;  // how often its callback was
};

// One thread's part: what it has submitted, and what happened.
class Part {
 public:
  Part(futures::ThreadPoolExecutor& pool, const Program& program)
      : pool_(pool), program_(program) {}
  void run() {
    for (const Act act : program_) perform(act);
  }
  const std::vector<Submitted>& submitted() const { return submitted_; }

 private:
  void perform(Act act);
  template <class F>
  void submit(F task);
  void map();

  futures::ThreadPoolExecutor& pool_;
  const Program& program_;
  std::vector<Submitted> submitted_;
};

template <class F>
void Part::submit(F task) try {
  const Future future = pool_.submit(task, Counted());
  const auto called = std::make_shared<std::atomic<int>>(0);
  future.add_done_callback([called](const Future&) { ++*called; });
  submitted_.push_back({future, called});
} catch (const RuntimeError&) {  // the pool has been shut down
}

void Part::map() try {
  for (const int n :
       pool_.map([](int i) { return i; }, {1, 2, 3}, {.timeout = std::chrono::milliseconds(1)}))
    if (n == 2) break;  // the rest is cancelled
} catch (const RuntimeError&) {
} catch (const futures::CancelledError&) {
} catch (const TimeoutError&) {
}

void Part::perform(Act act) {
  switch (act) {
    case Act::submit:
      return submit([](const Counted& c) { return c; });
    case Act::submit_raising:
      return submit([](const Counted&) -> Counted { throw ValueError("on purpose"); });
    case Act::submit_nested:
      return submit([&pool = pool_](const Counted& c) {
        try {
          pool.submit([](const Counted& inner) { return inner; }, c);
        } catch (const RuntimeError&) {  // shut down meanwhile
        }
        return c;
      });
    case Act::map:
      return map();
    case Act::cancel_last:
      if (!submitted_.empty()) submitted_.back().future.cancel();
      return;
    case Act::cancel_first:
      if (!submitted_.empty()) submitted_.front().future.cancel();
      return;
    case Act::wait_a_little: {
      std::vector<Future> some;
      for (const Submitted& one : submitted_) some.push_back(one.future);
      futures::wait(some, {.timeout = std::chrono::microseconds(20),
                           .return_when = futures::FIRST_COMPLETED});
      return;
    }
    case Act::shutdown:
      return pool_.shutdown({.wait = false});
    case Act::shutdown_cancelling:
      return pool_.shutdown({.wait = false, .cancel_futures = true});
    case Act::shutdown_waiting:
      return pool_.shutdown({.wait = true});
  }
}

std::string failure_of(const Submitted& submitted) {
  const Future& future = submitted.future;
  if (!future.done()) return "a future is not done: " + to_string(future);
  if (*submitted.called != 1)
    return "a callback was called " + std::to_string(*submitted.called) + " times";
  if (future.cancelled()) return "";
  if (const std::exception_ptr error = future.exception()) try {
      std::rethrow_exception(error);
    } catch (const ValueError&) {
      return "";
    }
  future.result();
  return "";
}

std::string run(const Round& round) {
  std::string failure;
  {
    std::vector<Part> parts;
    auto pool = std::make_unique<futures::ThreadPoolExecutor>(round.workers);
    for (const Program& program : round.programs) parts.emplace_back(*pool, program);
    team().run(parts.size(), [&](std::size_t thread) { parts[thread].run(); });
    pool.reset();  // waits for all that was submitted
    for (const Part& part : parts)
      for (const Submitted& one : part.submitted())
        if (failure.empty()) failure = failure_of(one);
  }
  if (failure.empty() && Counted::alive != 0)
    failure = std::to_string(Counted::alive) + " tasks or results are left";
  return failure;
}

rc::Gen<Round> round_of_threads() {
  const auto act = rc::gen::weightedElement<Act>({{8, Act::submit},
                                                  {2, Act::submit_raising},
                                                  {2, Act::submit_nested},
                                                  {1, Act::map},
                                                  {4, Act::cancel_last},
                                                  {2, Act::cancel_first},
                                                  {1, Act::wait_a_little},
                                                  {1, Act::shutdown},
                                                  {1, Act::shutdown_cancelling},
                                                  {1, Act::shutdown_waiting}});
  const auto program = rc::gen::container<Program>(8, act);
  const auto programs = rc::gen::mapcat(
      rc::gen::inRange<std::size_t>(2, max_threads + 1), [program](std::size_t count) {
        return rc::gen::container<std::vector<Program>>(count, program);
      });
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(1, 4), programs), [](const auto& both) {
    return Round{both.first, both.second};
  });
}

std::size_t threads_of_this_process() {
  const std::filesystem::path tasks = "/proc/self/task";
  if (!std::filesystem::exists(tasks)) return 0;
  const std::filesystem::directory_iterator all(tasks);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Workers have ended when their pool has; the system may take a moment to forget them.
void expect_threads(std::size_t expected) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (threads_of_this_process() > expected && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_LE(threads_of_this_process(), expected) << "threads are left";
}

TEST(FuturesRaces, EndWell) {
  const Watchdog watchdog("shutdown, cancel and submit at once");
  std::string failure;  // RapidCheck runs what failed once more, and may then see nothing
  run({1, {{Act::submit}}});
  const std::size_t threads = threads_of_this_process();
  Tally tally(rounds);
  const auto ends_well = [&] {
    const Round round = *round_of_threads();
    const std::string seen = run(round);
    tally.add(1);
    watchdog.progress();
    if (seen.empty()) return;
    failure = seen;
    RC_FAIL(seen);
  };
  for (std::uint64_t seed = tally.seed(); !tally.is_enough(); ++seed) {
    const std::uint64_t cases = std::min<std::uint64_t>(tally.missing(), 1000);
    if (!check_cases(ends_well, seed, cases, 40, Shrinking::off)) break;
  }
  EXPECT_EQ(failure, "");
  expect_threads(threads);
}

}  // namespace
}  // namespace tandem::conformance
