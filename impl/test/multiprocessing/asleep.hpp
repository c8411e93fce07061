// Whether a thread of this process sleeps, and where.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>

#include "tandem/core/park.hpp"

namespace tandem::inline v1::multiprocessing {

inline pid_t own_thread() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

// In the library's own places. Of this process' threads, those of before included.
inline void wait_until_parked(std::size_t threads) {
  while (parked_threads() < threads) std::this_thread::yield();
}

// In the system, wherever that is. The thread says its number as soon as it has one. Also when it
// has ended.
inline void wait_until_asleep(const std::atomic<pid_t>& thread) {
  for (;; std::this_thread::yield()) {
    if (thread == 0) continue;
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    if (!file) return;
    std::string stat;
    std::getline(file, stat);
    const auto name_ends = stat.rfind(')');
    if (name_ends != stat.npos && stat.substr(name_ends + 2, 1) == "S") return;
  }
}

}  // namespace tandem::inline v1::multiprocessing
