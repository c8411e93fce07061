#include "clock.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>

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
}

// Of this program alone: getrusage() begins with what its parent had when it was started. Without
// allocating, which may be counted.
std::uint64_t resident_at_most() {
  constexpr std::string_view name = "VmHWM:";
  char text[4096];
  const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? -1 : read(file, text, sizeof text);
  if (file >= 0) close(file);
  const std::string_view status(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  std::size_t place = status.find(name);
  if (place == status.npos) return 0;
  place = status.find_first_not_of(" \t", place + name.size());
  std::uint64_t value = 0;
  std::from_chars(status.data() + std::min(place, status.size()), status.data() + status.size(),
                  value);
  return value;
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
  Usage usage{.peak_kibibytes = resident_at_most(), .allocations = counted()};
  add(usage, RUSAGE_SELF);
  add(usage, RUSAGE_CHILDREN);
  return usage;
}

}  // namespace bench
