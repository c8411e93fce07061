// Processes that start together, as race() starts threads.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <new>
#include <vector>

#include "checksum.hpp"
#include "clock.hpp"
#include "start_line.hpp"

namespace bench {

// An object that children of fork() share with their parent.
template <class T>
class AcrossFork {
 public:
  template <class... A>
  explicit AcrossFork(A... arguments)
      : memory_(
            mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw Broken("no shared memory");
    new (memory_) T(arguments...);
  }
  AcrossFork(const AcrossFork&) = delete;
  AcrossFork& operator=(const AcrossFork&) = delete;
  ~AcrossFork() { munmap(memory_, sizeof(T)); }
  T* operator->() const { return static_cast<T*>(memory_); }

 private:
  void* memory_;
};

inline constexpr std::size_t kMaxProcesses = 16;

// What children leave behind.
struct ProcessBook {
  explicit ProcessBook(std::size_t runners) : line(runners) {}
  StartLine line;
  Clock::time_point ends[kMaxProcesses];
  Tally tallies[kMaxProcesses];
};

// Runs body(i, its tally) in `count` processes at once. From the start to the end of the last, in
// seconds; the clock is the same for all. Returns the tallies as well.
template <class Body>
double race_processes(std::size_t count, std::vector<Tally>& tallies, const Body& body) {
  const AcrossFork<ProcessBook> book(count);
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      int code = 1;
      try {
        Tally tally;
        book->line.ready();
        body(i, tally);
        book->ends[i] = Clock::now();
        book->tallies[i] = tally;
        code = 0;
      } catch (...) {
      }
      _exit(code);
    }
    if (child < 0) throw Broken("no process");
    children.push_back(child);
  }
  const auto start = book->line.go();
  bool all_ended_well = true;
  for (const pid_t child : children) {
    int status = 0;
    all_ended_well = waitpid(child, &status, 0) == child && status == 0 && all_ended_well;
  }
  if (!all_ended_well) throw Broken("a process has failed");
  auto last = start;
  for (std::size_t i = 0; i < count; ++i) last = std::max(last, book->ends[i]);
  tallies.assign(book->tallies, book->tallies + count);
  return seconds_between(start, last);
}

}  // namespace bench
