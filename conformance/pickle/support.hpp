// What the cases of pickle share: the twin of reference/pickle/support.py.
#pragma once
#include <string>

#include "conformance/harness/case.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/pickle.hpp"

namespace tandem::conformance {

namespace pickle = tandem::pickle;

template <class T>
T there_and_back(const T& value) {
  return pickle::loads<T>(pickle::dumps(value));
}

// Logs what becomes of each value.
template <class... T>
void log_back(const T&... values) {
  (log(repr(there_and_back(values))), ...);
}

// "UnpicklingError" or whatever else left it, without its text.
template <class Act>
std::string error_of(Act&& act) {
  const std::string said = raised(std::forward<Act>(act));
  return said.substr(0, said.find(':'));
}

}  // namespace tandem::conformance
