#include "watched_run.hpp"

#include <cstdio>
#include <cstdlib>
#include <tandem/core/park.hpp>

#include "watchdog.hpp"

namespace tandem::conformance {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::seconds patience() { return std::chrono::seconds(10 * Watchdog::time_scale()); }

void pause_for(int spins) {
  std::atomic<int> idle{0};
  while (idle.load(std::memory_order_relaxed) < spins) idle.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

std::int64_t value_of(std::size_t thread, std::size_t index) {
  const std::size_t jumbled = (thread * 7 + index * 5 + 3) % 11;
  return static_cast<std::int64_t>(((jumbled * 10) + thread) * 1000 + index);
}

WatchedRun::WatchedRun(Team& team, std::size_t max_operations)
    : team_(team), recorder_(5, max_operations) {}

bool WatchedRun::everybody_is_parked() const {
  const std::uint64_t version = recorder_.version();
  if (parked_threads() - parked_before_ != team_.unfinished()) return false;
  return version == recorder_.version();
}

// One more operation, for one of those that wait and may. False when nobody does.
bool WatchedRun::release(Subject& subject) {
  for (const Operation& operation : recorder_.history()) {
    if (operation.outcome != Outcome::pending) continue;
    const auto index = static_cast<std::size_t>(++released_ % 1000);
    const Act act = operation.kind == Kind::get ? Act::put_nowait : Act::get_nowait;
    subject.perform(act, value_of(9, index), recorder_[main_]);
    return true;
  }
  return false;
}

void WatchedRun::give_up(const char* why) const {
  const History history = recorder_.history();
  std::fprintf(stderr, "%s\n%s", why, chart(history).c_str());
  std::abort();  // threads hang in it: there is no way back
}

History WatchedRun::operator()(Subject& subject, const Programs& programs, const Model& model) {
  recorder_.clear();
  main_ = programs.size();
  parked_before_ = parked_threads();
  team_.start(programs.size(), [&](std::size_t thread) {
    for (std::size_t i = 0; i < programs[thread].size(); ++i) {
      pause_for(programs[thread][i].pause);
      subject.perform(programs[thread][i].act, value_of(thread, i), recorder_[thread]);
    }
  });
  std::uint64_t version = recorder_.version();
  for (auto since = Clock::now(); team_.unfinished() > 0; std::this_thread::yield()) {
    if (const std::uint64_t now = recorder_.version(); now != version) {
      version = now;
      since = Clock::now();
    }
    const bool stuck = Clock::now() - since > patience();
    if (everybody_is_parked()) {
      const Finding finding = check_quiescence(recorder_.history(), model);
      if (finding.verdict == Verdict::linearizable)
        release(subject);
      else if (stuck)
        give_up(finding.reason.c_str());
    } else if (stuck) {
      give_up("nothing moves any more, and not everybody is parked");
    }
  }
  team_.wait();
  return recorder_.history();
}

}  // namespace tandem::conformance
