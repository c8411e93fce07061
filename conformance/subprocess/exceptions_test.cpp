// subprocess::SubprocessError, CalledProcessError, TimeoutExpired
#include <chrono>
#include <optional>
#include <string>
#include <type_traits>

#include "conformance/subprocess/support.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
namespace subprocess = tandem::subprocess;
using subprocess::CalledProcessError;
using subprocess::SubprocessError;
using subprocess::TimeoutExpired;

namespace {

template <class Error>
void log_kinds() {
  Log{std::is_base_of_v<SubprocessError, Error>, std::is_base_of_v<tandem::OSError, Error>,
      std::is_base_of_v<tandem::ValueError, Error>, std::is_base_of_v<tandem::TimeoutError, Error>};
}

std::chrono::nanoseconds seconds(double count) {
  return std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(count));
}

}  // namespace

CASE("subprocess.exceptions.hierarchy", "both are SubprocessErrors, and no OSErrors") {
  log_kinds<CalledProcessError>();
  log_kinds<TimeoutExpired>();
  log(SubprocessError("text").what());
}

CASE("subprocess.exceptions.called-process-error.text", "returned non-zero exit status N") {
  log(CalledProcessError(2, "fake cmd").what());
  log(CalledProcessError(127, {"sh", "-c", "it's \"x\""}).what());
  log(CalledProcessError(1, {"x", "a\tb\n"}).what());
  log(CalledProcessError(0, "x").what());
}

CASE("subprocess.exceptions.called-process-error.signal", "or died with the signal's name") {
  for (const int number : {1, 2, 3, 6, 9, 11, 13, 15, 34, 64})
    log(CalledProcessError(-number, "fake cmd").what());
}

CASE("subprocess.exceptions.called-process-error.unknown-signal",
     "or with a signal that has no name") {
  for (const int number : {33, 40, 65, 9876543})
    log(CalledProcessError(-number, {"fake", "cmd"}).what());
}

CASE("subprocess.exceptions.called-process-error.fields",
     "returncode, cmd, output (which is stdout), stderr") {
  for (const auto& error : {CalledProcessError(3, {"a", "b"}, "out", "err"),
                            CalledProcessError(3, "a b"), CalledProcessError(3, "a", "")})
    Log{error.returncode(), error.cmd(), repr(error.output()), repr(error.stdout_()),
        repr(error.stderr_())};
}

CASE("subprocess.exceptions.timeout-expired.text", "timed out after N seconds") {
  for (const double timeout : {0.05, 1.5, 0.0, 0.0001, 1e-05, 100.25, 2.0})
    log(TimeoutExpired({"sleep", "1000"}, seconds(timeout)).what());
  log(TimeoutExpired("sleep 1000", -500ms).what());
}

CASE("subprocess.exceptions.timeout-expired.fields",
     "cmd, timeout, output (which is stdout), stderr") {
  for (const auto& error :
       {TimeoutExpired({"a", "b"}, 500ms, "out", "err"), TimeoutExpired("a b", 1500ms)})
    Log{error.cmd(), std::chrono::duration<double>(error.timeout()).count(), repr(error.output()),
        repr(error.stdout_()), repr(error.stderr_())};
}

CASE("subprocess.exceptions.value", "a copy is made without throwing, and says the same") {
  static_assert(std::is_nothrow_copy_constructible_v<SubprocessError>);
  static_assert(std::is_nothrow_copy_constructible_v<CalledProcessError>);
  static_assert(std::is_nothrow_copy_constructible_v<TimeoutExpired>);
  std::optional<CalledProcessError> error(std::in_place, 3, "a b", "out", "err");
  const CalledProcessError copy = *error;
  error.reset();
  EXPECT_STREQ(copy.what(), "Command 'a b' returned non-zero exit status 3.");
  EXPECT_EQ(copy.output(), "out");
  EXPECT_EQ(copy.stderr_(), "err");
  std::optional<TimeoutExpired> expired(std::in_place, "a b", 50ms, "out", "err");
  const TimeoutExpired other = *expired;
  expired.reset();
  EXPECT_STREQ(other.what(), "Command 'a b' timed out after 0.05 seconds");
  EXPECT_EQ(other.stdout_(), "out");
}
