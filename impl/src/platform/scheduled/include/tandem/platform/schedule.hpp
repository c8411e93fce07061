// For tests only: runs threads under the control of a policy, one at a time, on virtual time.
//
// Everything that is decided is a number: so a run can be recorded, repeated and made smaller. The
// number 0 is always what happens without a preemption: the running thread goes on; when it cannot,
// the next one in turn; when none can, time passes; the one that has slept longest is woken.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <vector>

#ifndef TANDEM_SCHEDULED
#error "one definition per binary: link tandem_scheduled, and not tandem"
#endif

namespace tandem::inline v1::scheduled {

// Why somebody has to decide.
enum class Point : std::uint8_t {
  operation,  // the thread is about to do something that others can see
  spin,       // the thread waits in a loop
  stop,       // the thread sleeps or has ended
  wake,       // the thread wakes fewer than sleep: whom?
};

struct Candidate {
  enum class Kind : std::uint8_t {
    thread,    // this thread goes on (at wake: is woken)
    clock,     // time passes, up to the next deadline of a sleeper
    spurious,  // this thread, which sleeps, wakes up without a reason
  };
  Kind kind = Kind::thread;
  std::uint8_t thread = 0;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// Whether another choice than the first takes the turn away from a thread that could go on.
constexpr bool is_preemptible(Point point) {
  return point == Point::operation || point == Point::spin;
}

struct Decision {
  Point point = Point::operation;
  std::uint8_t thread = 0;                // that was running
  std::span<const Candidate> candidates;  // two or more
};

class Policy {
 public:
  virtual ~Policy() = default;
  // Returns the index of a candidate.
  virtual std::size_t choose(const Decision& decision) = 0;
};

struct Options {
  std::size_t max_steps = 20'000;  // operations; more are a livelock
  bool early_timeouts = true;      // time may pass although some thread could go on
  bool spurious_wakes = false;
};

// What was decided, in the order of time.
struct Turn {
  Point point;
  std::uint8_t thread;  // that was running
  std::uint8_t index, of;
  Candidate chosen;
  std::int64_t when;
};

// A thread fell asleep.
struct Sleep {
  std::uint8_t thread;
  std::int64_t when;
};

enum class End : std::uint8_t {
  finished,  // every thread has ended
  deadlock,  // those that have not sleep, and no time will wake them
  livelock,  // too many steps
};

struct Record {
  End end = End::finished;
  std::vector<Turn> turns;
  std::vector<Sleep> sleeps;
  std::vector<std::uint8_t> stuck;  // the threads that have not ended
  std::exception_ptr error;         // the first that left a thread
  std::size_t steps = 0;

  std::vector<std::uint8_t> schedule() const;  // the indices, without the zeros at the end
  std::size_t preemptions() const;
};

// Runs the bodies as threads 0, 1, …, with those that they start, until all have ended or none can
// go on. Threads that have not ended are abandoned where they stand: what is on their stacks is
// never destroyed, and nobody will run again who could use the objects that they share.
// Only for the thread that entered main(). What threads share is best made and destroyed outside.
Record run(Policy& policy, const Options& options, std::span<const std::function<void()>> bodies);

// In a run: a time stamp of its own for each call, in the order of time.
std::int64_t stamp() noexcept;
// In a run: the number of the running thread.
std::uint8_t this_thread() noexcept;

}  // namespace tandem::inline v1::scheduled
