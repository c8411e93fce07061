// Neutral contract: a process that removes what others have left behind under a name.
#pragma once
#include <cstdint>

namespace tandem::inline v1::platform {

// The word that makes a process a tracker: the program is executed with it and "pipe=5", and does
// that work before main() and before its statics, whatever program it is.
const char* tracker_marker() noexcept;

// While it lives, the signals that a tracker ignores wait; so they do in a tracker that this thread
// starts meanwhile, until it ignores them.
class TrackerSignals {
 public:
  TrackerSignals() noexcept;
  TrackerSignals(const TrackerSignals&) = delete;
  TrackerSignals& operator=(const TrackerSignals&) = delete;
  ~TrackerSignals();

 private:
  bool interrupt_waited_, terminate_waited_;  // before
};

// What it is told, in pieces that a pipe takes whole.
struct TrackerMessage {
  enum class Kind : std::uint32_t {
    track,    // the process `owner` owns the shared memory `name`
    untrack,  // the name is gone, or about to be
    family,   // the owner ends: what it has is the family's
  };
  Kind kind;
  std::int32_t owner;
  char name[256];  // ends with a zero
};

}  // namespace tandem::inline v1::platform
