#include "facts.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <optional>
#include <thread>

#include "probes.hpp"

namespace doctor {
namespace {

using Clock = std::chrono::steady_clock;
template <typename Unit>
using Span = std::chrono::duration<double, Unit>;

double median_ms(std::size_t times, const std::function<void()>& act) {
  std::vector<double> each;
  while (each.size() < times) {
    const auto start = Clock::now();
    act();
    each.push_back(Span<std::milli>(Clock::now() - start).count());
  }
  std::nth_element(each.begin(), each.begin() + static_cast<std::ptrdiff_t>(times / 2), each.end());
  return each[times / 2];
}

double clock_step_ns() {
  double least = 1e9;
  for (int i = 0; i < 1000; ++i) {
    const auto start = Clock::now();
    auto next = start;
    while (next == start) next = Clock::now();
    least = std::min(least, Span<std::nano>(next - start).count());
  }
  return least;
}

std::optional<double> clock_resolution_ns() {
  timespec resolution{};
  if (clock_getres(CLOCK_MONOTONIC, &resolution) != 0) return std::nullopt;
  return static_cast<double>(resolution.tv_sec) * 1e9 + static_cast<double>(resolution.tv_nsec);
}

std::optional<long> positive(long value) { return value > 0 ? std::optional(value) : std::nullopt; }

std::optional<std::size_t> thread_stack() {
  pthread_attr_t attributes;
  std::size_t size = 0;
  if (pthread_attr_init(&attributes) != 0) return std::nullopt;
  const bool told = pthread_attr_getstacksize(&attributes, &size) == 0 && size > 0;
  pthread_attr_destroy(&attributes);
  return told ? std::optional(size) : std::nullopt;
}

std::string limit_of_stack() {
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) != 0) return quoted("unknown");
  return limit.rlim_cur == RLIM_INFINITY ? quoted("unlimited") : std::to_string(limit.rlim_cur);
}

std::string byte_order() {
  if constexpr (std::endian::native == std::endian::little) return "little";
  return std::endian::native == std::endian::big ? "big" : "mixed";
}

std::string standard_library() {
#if defined(_LIBCPP_VERSION)
  return "libc++ " + std::to_string(_LIBCPP_VERSION);
#elif defined(_GLIBCXX_RELEASE)
  return "libstdc++ " + std::to_string(_GLIBCXX_RELEASE);
#else
  return "unknown";
#endif
}

std::string c_library() {
#if defined(__GLIBC__)
  return "glibc " + std::to_string(__GLIBC__) + "." + std::to_string(__GLIBC_MINOR__);
#else
  return "unknown";
#endif
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "GNU " __VERSION__;
#else
  return "unknown";
#endif
}

// Named times are made for a machine that starts a thread within a tenth, and a program within the
// whole, of the shortest of them, which is 10 ms.
double time_scale(double thread_ms, double program_ms) {
  return std::clamp(std::max(thread_ms, program_ms / 10), 1.0, 20.0);
}

std::string number(std::optional<double> value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value.value_or(0));
  return value ? text : quoted("unknown");
}

template <typename Integer>
std::string whole(std::optional<Integer> value) {
  return value ? std::to_string(*value) : quoted("unknown");
}

std::string bits(std::size_t bytes) { return std::to_string(bytes * CHAR_BIT); }
std::string truth(bool value) { return value ? "true" : "false"; }

}  // namespace

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + "\"";
}

std::vector<std::pair<std::string, std::string>> facts() {
  utsname system{};
  const bool named = uname(&system) == 0;
  const double sleep_ms =
      median_ms(11, [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
  const double thread_ms = median_ms(21, [] { std::thread([] {}).join(); });
  const double program_ms = median_ms(7, [] { run("/bin/sh", {"sh", "-c", ":"}); });
  return {
      {"system", quoted(named ? system.sysname : "unknown")},
      {"release", quoted(named ? system.release : "unknown")},
      {"machine", quoted(named ? system.machine : "unknown")},
      {"compiler", quoted(compiler())},
      {"standard-library", quoted(standard_library())},
      {"c-library", quoted(c_library())},
      {"linking", quoted(linking())},
      {"endianness", quoted(byte_order())},
      {"pointer-bits", bits(sizeof(void*))},
      {"long-bits", bits(sizeof(long))},
      {"time-bits", bits(sizeof(std::time_t))},
      {"file-offset-bits", bits(sizeof(off_t))},
      {"char-is-signed", truth(CHAR_MIN < 0)},
      {"atomic-64-is-lock-free", truth(std::atomic<std::uint64_t>::is_always_lock_free)},
      {"processors", whole(positive(std::thread::hardware_concurrency()))},
      {"page-bytes", whole(positive(sysconf(_SC_PAGESIZE)))},
      {"stack-bytes", limit_of_stack()},
      {"thread-stack-bytes", whole(thread_stack())},
      {"clock-resolution-ns", number(clock_resolution_ns())},
      {"clock-step-ns", number(clock_step_ns())},
      {"sleep-1ms-takes-ms", number(sleep_ms)},
      {"thread-ms", number(thread_ms)},
      {"program-ms", number(program_ms)},
      {"time-scale", number(time_scale(thread_ms, program_ms))},
  };
}

}  // namespace doctor
