// Cases that end in every way that a case can end. conformance_harness runs them and reads what
// they tell; they are no ctest tests themselves. Their spec and goldens stand in room/.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "conformance/harness/case.hpp"
#include "tandem/core/park.hpp"

using namespace tandem::conformance;

namespace {
void log_beside_a_case() {
  log(2.5);
  log(true);
}
}  // namespace

CASE("sample.pass.equal", "says what CPython said") { log("one", 1); }

CASE("sample.pass.one-of-set", "says one of the outcomes that CPython showed") { log("second"); }

CASE("sample.pass.model", "needs no golden") {
  log(1.5);
  log_beside_a_case();
}

CASE("sample.pass.blocked", "waits until a thread is parked") {
  std::atomic<std::uint32_t> word{0};
  std::thread sleeper([&] {
    while (word.load() == 0) tandem::detail::park(word, 0, tandem::detail::Deadline::never());
  });
  wait_until_blocked(1);
  word = 1;
  tandem::detail::unpark_all(word);
  sleeper.join();
  log("woken");
}

CASE("sample.skip.reason", "has a reason") { GTEST_SKIP() << "not today"; }

CASE("sample.skip.unsupported", "misses a capability") { GTEST_SKIP() << "UNSUPPORTED(fork)"; }

CASE("sample.fail.differs", "says something else") {
  log("same");
  log("ours");
  log("end");
}

CASE("sample.fail.not-in-set", "shows an outcome never seen") { log("third"); }

CASE("sample.fail.assertion", "asserts something false") {
  log("one", 1);
  EXPECT_EQ(1, 2);
}

CASE("sample.fail.no-clause", "stands in no spec file") { log("?"); }

CASE("sample.fail.no-golden", "was never recorded") { log("?"); }

CASE("sample.fail.throws", "is left by an exception") { throw std::runtime_error("out of hand"); }

CASE("sample.fail.leaks-descriptor", "leaves a descriptor open") {
  EXPECT_GE(open("/dev/null", O_RDONLY), 0);
}

CASE("sample.fail.leaks-thread", "leaves a thread running") {
  static std::atomic<std::uint32_t> word{0};
  std::thread([] { tandem::detail::park(word, 0, tandem::detail::Deadline::never()); }).detach();
  wait_until_blocked(1);
}

CASE("sample.crash.signal", "kills itself") { static_cast<void>(std::raise(SIGKILL)); }

CASE("sample.timeout.hang", "never ends") {
  for (std::atomic<std::uint32_t> word{0};;) {
    tandem::detail::park(word, 0, tandem::detail::Deadline::never());
  }
}
