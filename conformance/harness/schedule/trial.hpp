// What is tried: a program for each thread and a schedule, both of them data.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tandem/platform/schedule.hpp>
#include <vector>

#include "history.hpp"

namespace tandem::conformance {

using Verb = std::uint8_t;        // index into the verbs of a target
using Verbs = std::vector<Verb>;  // the program of one thread
using Schedule = std::vector<std::uint8_t>;

struct Trial {
  std::vector<Verbs> programs;
  Schedule schedule;

  std::size_t operations() const;
};

// An object under test: a new one for each run, made and destroyed outside of it.
class Tested {
 public:
  virtual ~Tested() = default;
  // In the run, by thread number `thread`, as its operation number `index`.
  virtual void perform(Verb verb, std::size_t thread, std::size_t index) = 0;
  // In the run, by the last thread when every program is over: ends what would wait for more.
  virtual void wind_up() {}
  // After a run that has finished, or in which nobody can go on: what was wrong; empty: nothing.
  virtual std::string verdict(const scheduled::Record& record) = 0;
  // What to draw of it.
  virtual std::vector<Bar> bars() const = 0;
};

// A kind of object, and what threads can do with it. Every program must make sense.
struct Target {
  const char* name;
  std::vector<std::string> verbs;
  std::function<std::unique_ptr<Tested>()> make;
};

// "put get / put @ 3:1 17:2": the threads' programs, and the choices that are not 0 by the number
// of the decision.
std::string to_text(const Target& target, const Trial& trial);
// Throws   std::invalid_argument.
Trial parse(const Target& target, std::string_view text);

}  // namespace tandem::conformance
