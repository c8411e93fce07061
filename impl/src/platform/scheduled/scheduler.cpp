#include "platform/scheduled/scheduler.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tandem::inline v1::scheduled {

namespace {

constinit Scheduler* active = nullptr;
std::uint64_t last_ident = 1;  // 1 is the host's; a thread of another run is never taken for ours
constexpr std::int64_t beginning = 1'000'000'000;
std::int64_t last_time = beginning;

}  // namespace

constinit thread_local bool in_run = false;

Scheduler* Scheduler::current() noexcept { return in_run ? active : nullptr; }

Scheduler::Scheduler(Policy& policy, const Options& options)
    : policy_(policy), options_(options), now_(beginning) {}

auto Scheduler::pool() -> std::array<std::unique_ptr<Thread>, most_threads>& {
  static std::array<std::unique_ptr<Thread>, most_threads> kept;
  return kept;
}

Record Scheduler::run(std::span<const std::function<void()>> bodies) {
  active = this;
  for (const auto& body : bodies) start(body);
  running_ = static_cast<std::uint8_t>(threads_ - 1);  // so that thread 0 is the next in turn
  in_run = true;
  collect(Point::stop);
  const std::uint8_t first = choose(Point::stop).thread;
  running_ = first;
  host_.switch_to(thread(first).fiber);
  in_run = false;
  active = nullptr;
  last_time = now_;
  for (std::size_t i = 0; i < threads_; ++i) {
    if (thread(i).phase != Phase::ended) record_.stuck.push_back(static_cast<std::uint8_t>(i));
    thread(i).body = nullptr;
  }
  return std::move(record_);
}

void Scheduler::start(std::function<void()> body) {
  if (threads_ == most_threads) std::abort();
  auto& place = pool()[threads_];
  if (!place) place = std::make_unique<Thread>();
  place->phase = Phase::ready;
  place->word = nullptr;
  place->until = never;
  place->ident = ++last_ident;
  place->body = std::move(body);
  place->fiber.begin(entry);
  ++threads_;
}

void Scheduler::entry() {
  {
    Scheduler& self = *active;
    Thread& thread = self.thread(self.running_);
    thread.fiber.arrive();
    try {
      thread.body();
    } catch (...) {
      if (!self.record_.error) self.record_.error = std::current_exception();
    }
    thread.phase = Phase::ended;
    for (std::size_t i = 0; i < self.threads_; ++i)
      if (self.thread(i).phase == Phase::asleep && self.thread(i).word == &thread)
        self.wake(self.thread(i), false);
    self.leaves_ = true;
  }
  active->give_way(Point::stop);
}

std::uint64_t Scheduler::ident() const noexcept { return thread(running_).ident; }

void Scheduler::decide(Point point) noexcept {
  ++now_;
  if (++record_.steps > options_.max_steps) return finish(End::livelock);
  if (point == Point::spin) ++lonely_spins_;
  give_way(point);
}

// Lets somebody go on, who may be the running thread itself.
void Scheduler::give_way(Point point) noexcept {
  for (;;) {
    collect(point);
    if (count_ == 0) {
      const bool all_ended = std::all_of(pool().begin(), pool().begin() + threads_,
                                         [](auto& t) { return t->phase == Phase::ended; });
      return finish(all_ended ? End::finished : End::deadlock);
    }
    const Candidate chosen = choose(point);
    if (chosen.kind == Candidate::Kind::clock) {
      pass_time();
      continue;
    }
    if (chosen.kind == Candidate::Kind::spurious) wake(thread(chosen.thread), false);
    return go_on(chosen.thread);
  }
}

void Scheduler::add_ready(std::uint8_t number) noexcept {
  if (thread(number).phase == Phase::ready) add({Candidate::Kind::thread, number});
}

void Scheduler::collect(Point point) noexcept {
  count_ = 0;
  if (point == Point::operation) add_ready(running_);
  for (std::size_t i = 1; i < threads_; ++i)
    add_ready(static_cast<std::uint8_t>((running_ + i) % threads_));
  // Only time can help somebody who spins, and spins, alone.
  const bool time_first = count_ == 0 && lonely_spins_ > patience && next_deadline();
  if (point == Point::stop && threads_ > 0) add_ready(running_);
  if (point == Point::spin && !time_first) add_ready(running_);
  collect_extras(point);
  if (time_first) add_ready(running_);
}

void Scheduler::collect_extras(Point) noexcept {
  const bool all_asleep = count_ == 0;
  if ((all_asleep || options_.early_timeouts) && next_deadline())
    add({Candidate::Kind::clock, running_});
  if (!options_.spurious_wakes || count_ == 0) return;
  for (std::size_t i = 0; i < threads_; ++i)
    if (thread(i).phase == Phase::asleep && thread(i).word != nullptr)
      add({Candidate::Kind::spurious, static_cast<std::uint8_t>(i)});
}

Candidate Scheduler::choose(Point point) noexcept {
  std::size_t index = 0;
  if (count_ > 1) {
    const Decision decision{point, running_, {candidates_.data(), count_}};
    index = std::min(policy_.choose(decision), count_ - 1);
    record_.turns.push_back({point, running_, static_cast<std::uint8_t>(index),
                             static_cast<std::uint8_t>(count_), candidates_[index], now_});
  }
  return candidates_[index];
}

std::optional<std::int64_t> Scheduler::next_deadline() const noexcept {
  std::int64_t next = never;
  for (std::size_t i = 0; i < threads_; ++i)
    if (thread(i).phase == Phase::asleep) next = std::min(next, thread(i).until);
  return next == never ? std::nullopt : std::optional(next);
}

void Scheduler::pass_time() noexcept {
  now_ = std::max(now_ + 1, *next_deadline());
  for (std::size_t i = 0; i < threads_; ++i)
    if (thread(i).phase == Phase::asleep && thread(i).until <= now_) wake(thread(i), true);
}

void Scheduler::wake(Thread& thread, bool timed_out) noexcept {
  thread.phase = Phase::ready;
  thread.timed_out = timed_out;
  thread.word = nullptr;
  thread.until = never;
}

void Scheduler::sleep(const void* word, std::int64_t until) noexcept {
  Thread& self = thread(running_);
  self.phase = Phase::asleep;
  self.word = word;
  self.until = until;
  self.since = record_.steps;
  record_.sleeps.push_back({running_, ++now_});
  give_way(Point::stop);
}

bool Scheduler::park(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
                     const std::int64_t* until) noexcept {
  decide(Point::operation);
  if (word.peek() != expected) return true;
  if (until && *until <= now_) return false;
  sleep(&word, until ? *until : never);
  return !thread(running_).timed_out;
}

void Scheduler::unpark(const void* word, int count) noexcept {
  decide(Point::operation);
  for (; count > 0; --count) {
    count_ = 0;
    for (std::size_t i = 0; i < threads_; ++i)
      if (thread(i).phase == Phase::asleep && thread(i).word == word)
        add({Candidate::Kind::thread, static_cast<std::uint8_t>(i)});
    if (count_ == 0) return;
    std::sort(candidates_.begin(), candidates_.begin() + count_,
              [this](auto a, auto b) { return thread(a.thread).since < thread(b.thread).since; });
    // Who wakes all that there are has no choice.
    const bool all = std::cmp_greater_equal(count, count_);
    wake(thread(all ? candidates_[0].thread : choose(Point::wake).thread), false);
  }
}

void Scheduler::join(std::uint64_t ident) noexcept {
  for (std::size_t i = 0; i < threads_; ++i)
    if (thread(i).ident == ident && thread(i).phase != Phase::ended)
      return sleep(&thread(i), never);
}
bool Scheduler::has_ended(std::uint64_t ident) const noexcept {
  for (std::size_t i = 0; i < threads_; ++i)
    if (thread(i).ident == ident) return thread(i).phase == Phase::ended;
  return true;
}

void Scheduler::go_on(std::uint8_t next) noexcept {
  const std::uint8_t before = std::exchange(running_, next);
  if (before == next) return;
  lonely_spins_ = 0;
  thread(before).fiber.switch_to(thread(next).fiber, std::exchange(leaves_, false));
}

void Scheduler::finish(End end) noexcept {
  record_.end = end;
  thread(running_).fiber.switch_to(host_, leaves_);
}

std::vector<std::uint8_t> Record::schedule() const {
  std::vector<std::uint8_t> indices;
  for (const Turn& turn : turns) indices.push_back(turn.index);
  while (!indices.empty() && indices.back() == 0) indices.pop_back();
  return indices;
}

std::size_t Record::preemptions() const {
  return static_cast<std::size_t>(std::count_if(turns.begin(), turns.end(), [](const Turn& turn) {
    return turn.index != 0 && is_preemptible(turn.point);
  }));
}

void decide() noexcept { active->decide(Point::operation); }
void decide_in_spin() noexcept { active->decide(Point::spin); }
std::int64_t now() noexcept { return in_run ? active->tick() : last_time; }
std::int64_t stamp() noexcept { return active->tick(); }
std::uint8_t this_thread() noexcept { return active->running(); }
bool add_thread_word(void* word, std::size_t size) noexcept { return ThreadWords::add(word, size); }

}  // namespace tandem::inline v1::scheduled
