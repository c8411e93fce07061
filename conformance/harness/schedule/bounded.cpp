#include "bounded.hpp"

#include <algorithm>

namespace tandem::conformance {
namespace {

std::uint8_t free_candidates(const Decision& decision) {
  if (is_preemptible(decision.point)) return 1;
  const auto costly = std::find_if(
      decision.candidates.begin() + 1, decision.candidates.end(),
      [](const Candidate& candidate) { return candidate.kind != Candidate::Kind::thread; });
  return static_cast<std::uint8_t>(costly - decision.candidates.begin());
}

}  // namespace

std::size_t BoundedSearch::choose(const Decision& decision) {
  const auto of = static_cast<std::uint8_t>(decision.candidates.size());
  if (at_ == path_.size()) path_.push_back({0, of, free_candidates(decision)});
  const Place& place = path_[at_++];
  if (place.of != of) deterministic_ = false;
  return place.index;
}

bool BoundedSearch::next() {
  path_.resize(at_);
  at_ = 0;
  while (!path_.empty()) {
    Place& place = path_.back();
    used_ -= place.cost(place.index);
    ++place.index;
    if (place.index < place.of && used_ + place.cost(place.index) <= allowed_) {
      used_ += place.cost(place.index);
      ++schedules_;
      return true;
    }
    path_.pop_back();
  }
  return false;
}

}  // namespace tandem::conformance
