// What a target cannot do is tried before a test that would hang there, as the doctor tries it.
#pragma once
#include <gtest/gtest.h>

#include "conformance/doctor/probes.hpp"

// Skips the test where the probe, one of conformance/doctor/probes.hpp, does not answer yes. So it
// is unsupported there, which no expectation has to say.
#define TANDEM_NEEDS(probe)                                             \
  if (const auto answer = doctor::asked_apart({#probe, doctor::probe}); \
      !answer.starts_with("yes"))                                       \
  GTEST_SKIP() << "UNSUPPORTED(" #probe "): " << answer
