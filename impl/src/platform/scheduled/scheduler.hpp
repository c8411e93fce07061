// The controlled scheduler: fibers for threads, virtual time, and a policy that decides.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "platform/scheduled/fiber.hpp"
#include "tandem/platform/schedule.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::scheduled {

class Scheduler {
 public:
  // The one that is running; else null.
  static Scheduler* current() noexcept;

  Scheduler(Policy& policy, const Options& options);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  Record run(std::span<const std::function<void()>> bodies);

  // By the running thread.
  void decide(Point point) noexcept;
  bool park(const seam::atomic<std::uint32_t>& word, std::uint32_t expected,
            const std::int64_t* until) noexcept;
  void unpark(const void* word, int count) noexcept;
  void start(std::function<void()> body);
  void join(std::uint64_t ident) noexcept;  // an ident of an earlier run: has ended
  bool has_ended(std::uint64_t ident) const noexcept;
  std::uint64_t ident() const noexcept;
  std::uint8_t running() const noexcept { return running_; }

  std::int64_t tick() noexcept { return ++now_; }

 private:
  enum class Phase : std::uint8_t { ready, asleep, ended };
  struct Thread {
    Fiber fiber;
    std::function<void()> body;
    Phase phase = Phase::ready;
    bool timed_out = false;
    const void* word = nullptr;  // that it sleeps on
    std::int64_t until = never;  // when it is asleep
    std::uint64_t since = 0;     // the turn in which it fell asleep
    std::uint64_t ident = 0;
  };
  static constexpr std::int64_t never = INT64_MAX;
  static constexpr std::size_t most_threads = 16;
  // So often may one thread spin alone before time passes.
  static constexpr std::size_t patience = 16;

  // Stacks are kept from run to run.
  static std::array<std::unique_ptr<Thread>, most_threads>& pool();
  static void entry();

  Thread& thread(std::size_t number) const noexcept { return *pool()[number]; }
  void collect(Point point) noexcept;
  void collect_extras(Point point) noexcept;
  void add_ready(std::uint8_t number) noexcept;
  void add(Candidate candidate) noexcept { candidates_[count_++] = candidate; }
  Candidate choose(Point point) noexcept;
  std::optional<std::int64_t> next_deadline() const noexcept;
  void pass_time() noexcept;
  void wake(Thread& thread, bool timed_out) noexcept;
  void sleep(const void* word, std::int64_t until) noexcept;
  void give_way(Point point) noexcept;
  void go_on(std::uint8_t next) noexcept;
  void finish(End end) noexcept;

  Policy& policy_;
  Options options_;
  Record record_;
  Fiber host_;
  std::uint8_t running_ = 0;
  std::size_t threads_ = 0;
  std::size_t lonely_spins_ = 0;
  std::int64_t now_ = 0;
  std::size_t count_ = 0;
  std::array<Candidate, 2 * most_threads + 1> candidates_;
  bool leaves_ = false;  // the running thread will not come back
};

}  // namespace tandem::inline v1::scheduled
