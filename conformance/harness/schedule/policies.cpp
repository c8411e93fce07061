#include "policies.hpp"

#include <algorithm>

namespace tandem::conformance {

std::size_t RandomWalk::choose(const Decision& decision) {
  const std::size_t index = random_() % decision.candidates.size();
  // Else no thread would ever be awake before its timeout.
  const bool is_rare = decision.candidates[index].kind != Candidate::Kind::thread;
  return is_rare && random_() % 4 != 0 ? 0 : index;
}

Pct::Pct(std::uint64_t seed, int depth, std::size_t decisions) : random_(seed) {
  for (int i = 1; i < depth; ++i)
    changes_.push_back(random_() % std::max<std::size_t>(decisions, 1));
}

double& Pct::priority(const Candidate& candidate) {
  const std::size_t place =
      candidate.kind == Candidate::Kind::clock ? most - 1 : candidate.thread % (most - 1);
  double& priority = priorities_[place];
  if (priority == 0) priority = std::uniform_real_distribution(1.0, 2.0)(random_);
  return priority;
}

std::size_t Pct::choose(const Decision& decision) {
  const Candidate running{Candidate::Kind::thread, decision.thread};
  const bool changes = std::erase(changes_, decisions_++) > 0;
  // Who spins waits for the others.
  if (changes || decision.point == Point::spin) put_last(priority(running));
  std::size_t best = 0;
  for (std::size_t i = 1; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    if (candidate.kind == Candidate::Kind::spurious) continue;
    if (priority(candidate) > priority(decision.candidates[best])) best = i;
  }
  return best;
}

}  // namespace tandem::conformance
