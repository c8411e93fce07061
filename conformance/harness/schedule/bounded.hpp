// Every schedule with a bounded number of preemptions, one after the other.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "policies.hpp"

namespace tandem::conformance {

// What counts: another thread goes on although the running one could, time passes although some
// thread could go on, a thread wakes up without reason. Free is who goes on when one sleeps or has
// ended, and who of several is woken.
//
//   BoundedSearch search(2);
//   do run(search, …); while (search.next());
class BoundedSearch final : public Policy {
 public:
  explicit BoundedSearch(std::size_t preemptions) : allowed_(preemptions) {}
  std::size_t choose(const Decision& decision) override;
  // Turns to the next schedule. False: there is none.
  bool next();
  // Begun so far.
  std::size_t schedules() const { return schedules_; }
  // False: a run with the same choices had other decisions, so the search means nothing.
  bool is_deterministic() const { return deterministic_; }

 private:
  struct Place {
    std::uint8_t index, of;
    std::uint8_t free;  // so many of the candidates cost nothing
    std::size_t cost(std::size_t chosen) const { return chosen >= free ? 1 : 0; }
  };

  std::vector<Place> path_;
  std::size_t at_ = 0;
  std::size_t allowed_, used_ = 0;
  std::size_t schedules_ = 1;
  bool deterministic_ = true;
};

}  // namespace tandem::conformance
