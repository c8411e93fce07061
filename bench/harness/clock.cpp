#include "clock.hpp"

#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>

namespace bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

void add(Usage& sum, int who) {
  rusage usage{};
  getrusage(who, &usage);
  sum.cpu_seconds += seconds(usage.ru_utime) + seconds(usage.ru_stime);
  sum.voluntary_switches += static_cast<std::uint64_t>(usage.ru_nvcsw);
  sum.involuntary_switches += static_cast<std::uint64_t>(usage.ru_nivcsw);
  sum.peak_kibibytes = std::max(sum.peak_kibibytes, static_cast<std::uint64_t>(usage.ru_maxrss));
}

// allocations.cpp, where it was loaded before everything else.
std::optional<std::uint64_t> counted() {
  using Count = std::uint64_t (*)();
  static const auto count = reinterpret_cast<Count>(dlsym(RTLD_DEFAULT, "bench_allocations"));
  if (count == nullptr) return {};
  return count();
}

}  // namespace

Usage Usage::now() {
  Usage usage{.allocations = counted()};
  add(usage, RUSAGE_SELF);
  add(usage, RUSAGE_CHILDREN);
  return usage;
}

}  // namespace bench
