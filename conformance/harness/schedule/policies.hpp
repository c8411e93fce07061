// Who decides in a run (schedule.hpp), when no search does.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <tandem/platform/schedule.hpp>
#include <vector>

namespace tandem::conformance {

using scheduled::Candidate;
using scheduled::Decision;
using scheduled::Point;
using scheduled::Policy;

// Anybody, each time. Best at local races.
class RandomWalk final : public Policy {
 public:
  explicit RandomWalk(std::uint64_t seed) : random_(seed) {}
  std::size_t choose(const Decision& decision) override;

 private:
  std::mt19937_64 random_;
};

// Probabilistic concurrency testing (Burckhardt and others): threads have random priorities, and
// at depth - 1 random places the running one becomes the last. What needs d orderings of events
// is found with a probability of at least 1 / (threads * steps^(d-1)), starvation included.
//   decisions   how many there are in a run, about
class Pct final : public Policy {
 public:
  Pct(std::uint64_t seed, int depth, std::size_t decisions);
  std::size_t choose(const Decision& decision) override;

 private:
  static constexpr std::size_t most = 32;
  double& priority(const Candidate& candidate);
  void put_last(double& priority) { priority = --lowest_; }

  std::mt19937_64 random_;
  std::vector<std::size_t> changes_;
  std::array<double, most> priorities_{};  // 0: not seen yet; the last one is the clock's
  double lowest_ = 0;
  std::size_t decisions_ = 0;
};

// The schedule as data: a byte for each decision, 0 when there are no more. 0 is no preemption,
// every other value one of the other candidates. A recorded schedule is repeated exactly.
class FromData final : public Policy {
 public:
  explicit FromData(std::span<const std::uint8_t> schedule) : schedule_(schedule) {}
  std::size_t choose(const Decision& decision) override {
    const std::size_t byte = next_ < schedule_.size() ? schedule_[next_++] : 0;
    return byte == 0 ? 0 : 1 + (byte - 1) % (decision.candidates.size() - 1);
  }

 private:
  std::span<const std::uint8_t> schedule_;
  std::size_t next_ = 0;
};

}  // namespace tandem::conformance
