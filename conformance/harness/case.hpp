// A case: one behaviour, tried on our implementation, written down as a transcript, compared with
// what CPython said.
//
//   CASE("queue.get.timeout-empty", "raises Empty after the timeout, never before") {
//     queue::Queue<int> q;
//     const auto start = now();
//     log(raised([&] { q.get({.timeout = times::must_expire}); }));
//     log("waited", now() - start >= times::must_expire);
//   }
//
// The id is a clause of spec/<module>/<primitive>.toml, found from the name of the file that holds
// the case (conformance/<module>/<primitive>_test.cpp); the golden is
// reference/<module>/<primitive>.golden.json. Around every case: a leak check (leaks.hpp), a
// limit of time, a process of its own.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "conformance/harness/blocked.hpp"
#include "conformance/harness/times.hpp"
#include "conformance/harness/transcript.hpp"

namespace tandem::conformance::detail {

struct CaseInfo {
  std::string id;
  std::string says;
  const char* file;
  int line;
  void (*body)();
};

bool register_case(CaseInfo info);

}  // namespace tandem::conformance::detail

// What cases, and functions beside them in the unnamed namespace, see first: else `log(1.5)` is the
// logarithm of <math.h>, and with libc++ `log(true)` is, too.
namespace {
using tandem::conformance::log;
}

#define TANDEM_CASE_JOIN_(a, b) a##b
#define TANDEM_CASE_NAME_(line) TANDEM_CASE_JOIN_(TandemCase, line)

#define CASE(id, says)                                                                    \
  namespace {                                                                             \
  struct TANDEM_CASE_NAME_(__LINE__) {                                                    \
    static void body();                                                                   \
    static const bool registered;                                                         \
  };                                                                                      \
  const bool TANDEM_CASE_NAME_(__LINE__)::registered =                                    \
      ::tandem::conformance::detail::register_case({id, says, __FILE__, __LINE__,         \
                                                    &TANDEM_CASE_NAME_(__LINE__)::body}); \
  }                                                                                       \
  void TANDEM_CASE_NAME_(__LINE__)::body()
