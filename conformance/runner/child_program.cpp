#include <algorithm>
#include <tandem/subprocess.hpp>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

using subprocess::PIPE;

// All bytes of a text, so many times.
std::string repeated(const Json& text, int times) {
  const std::string once = to_bytes(text);
  std::string whole;
  for (; times > 0; --times) whole += once;
  return whole;
}

Json words(const Json& texts, int times) {
  std::vector<std::string> command{"printf", "[%s]"};
  for (; times > 0; --times)
    for (const Json& text : texts) command.push_back(to_bytes(text));
  return from_bytes(subprocess::check_output(command));
}

Json environment(const Json& pairs) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const Json& pair : pairs) variables.emplace_back(to_bytes(pair.at(0)), to_bytes(pair.at(1)));
  return from_bytes(subprocess::check_output({"/usr/bin/env", "-0"}, {.env = variables}));
}

Json directory(const std::string& place) {
  return from_bytes(subprocess::check_output({"/bin/pwd", "-P"}, {.cwd = place}));
}

Json input(const std::string& data) {
  const auto back = subprocess::run({"cat"}, {.input = data, .stdout_ = PIPE}).stdout_;
  return {back->size(), back == data};
}

Json captured(int out, int err) {
  const std::string count = "head -c " + std::to_string(out) + " /dev/zero; head -c " +
                            std::to_string(err) + " /dev/zero >&2";
  const auto done = subprocess::run(count, {.capture_output = true, .shell = true});
  return {done.stdout_->size(), done.stderr_->size()};
}

// The code, and what check would say of it.
Json ended(const std::string& command) {
  const auto done = subprocess::run({"sh", "-c", command});
  return {done.returncode, observed([&] {
            done.check_returncode();
            return Json();
          })};
}

Json run_step(const Step& step) {
  if (step.name == "words") return words(step.arguments.at(0), step.argument<int>(1));
  if (step.name == "environment") return environment(step.arguments.at(0));
  if (step.name == "directory") return directory(step.argument<std::string>(0));
  if (step.name == "input") return input(repeated(step.arguments.at(0), step.argument<int>(1)));
  if (step.name == "captured") return captured(step.argument<int>(0), step.argument<int>(1));
  if (step.name == "exit") return ended("exit " + std::to_string(step.argument<int>(0)));
  if (step.name == "signal") return ended("kill -" + std::to_string(step.argument<int>(0)) + " $$");
  throw BadProgram("unknown operation '" + step.name + "'");
}

}  // namespace

Json run_child(const Json& program) { return observed_each(program, run_step); }

}  // namespace tandem::conformance
