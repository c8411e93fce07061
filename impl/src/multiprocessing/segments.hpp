// The named memory that was made through a SharedMemoryManager: its server unlinks it at its end.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "tandem/core/mutex.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// Threads  any number at once.
class Segments {
 public:
  Segments() = default;
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;
  ~Segments();

  // Those that somebody has unlinked meanwhile are dropped in passing: never are there more than
  // twice as many as were in use at once, and some.
  void track(const std::string& name);
  std::size_t count() const;

 private:
  mutable v1::detail::Mutex mutex_{};
  std::vector<std::string> names_{};  // guarded by mutex_
  std::size_t next_look_ = 16;        // guarded by mutex_: at so many those are looked for
};

}  // namespace tandem::inline v1::multiprocessing::detail
