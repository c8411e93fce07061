// Runs the programs of several threads on one queue, to the end: who is rightly blocked for ever
// is let go by one more operation, who is wrongly blocked ends the process with a picture.
#pragma once
#include <cstdint>
#include <vector>

#include "history.hpp"
#include "linearizability.hpp"
#include "subject.hpp"
#include "team.hpp"

namespace tandem::conformance {

using Program = std::vector<Action>;    // of one thread
using Programs = std::vector<Program>;  // of all

// What thread `thread` puts in its operation number `index`: distinct, and in no order of threads
// or time, so that a PriorityQueue has something to do.
std::int64_t value_of(std::size_t thread, std::size_t index);

class WatchedRun {
 public:
  WatchedRun(Team& team, std::size_t max_operations);
  // Everything that happened; nothing is pending.
  History operator()(Subject& subject, const Programs& programs, const Model& model);
  std::uint64_t released() const { return released_; }

 private:
  bool everybody_is_parked() const;
  bool release(Subject& subject);
  [[noreturn]] void give_up(const char* why) const;

  Team& team_;
  Recorder recorder_;
  std::size_t main_ = 0;  // the lane of this thread
  std::size_t parked_before_ = 0;
  std::uint64_t released_ = 0;
};

}  // namespace tandem::conformance
