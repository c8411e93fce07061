// tandem behind the runner protocol: see reference/PROTOCOL.md.
#include <iostream>
#include <string>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

constexpr int protocol = 1;
constexpr std::size_t max_line = std::size_t{8} << 20, max_programs = 1000, max_operations = 1000;

class Refused : public std::runtime_error {
 public:
  Refused(const char* which, const std::string& text) : std::runtime_error(text), code(which) {}
  const char* code;
};

Json hello(const Json& message) {
  if (message.value("protocol", protocol) != protocol)
    throw Refused("unknown-message", "this is protocol 1");
  return {
      {"message", "hello"},
      {"protocol", protocol},
      {"implementation", "tandem"},
      {"version", TANDEM_RUNNER_VERSION},
      {"platform", TANDEM_RUNNER_PLATFORM},
      {"kinds", kinds()},
      {"features", features()},
      {"limits", {{"line", max_line}, {"programs", max_programs}, {"operations", max_operations}}}};
}

Json run_one(const std::string& kind, const Json& program) {
  if (!program.is_object() || !program.contains("operations") || !program["operations"].is_array())
    throw Refused("bad-program", "a program is an object with a list of operations");
  if (program["operations"].size() > max_operations) throw Refused("limit", "too many operations");
  try {
    return run_program(kind, program);
  } catch (const BadProgram& error) {
    throw Refused("bad-program", error.what());
  }
}

bool is_known(const Json& kind) {
  for (const std::string& known : kinds())
    if (kind == known) return true;
  return false;
}

Json run(const Json& message) {
  const Json kind = message.value("kind", Json());
  if (!is_known(kind)) throw Refused("unknown-kind", kind.dump());
  Json observations;
  if (message.contains("programs")) {
    if (message["programs"].size() > max_programs) throw Refused("limit", "too many programs");
    observations = Json::array();
    for (const Json& program : message["programs"])
      observations.push_back(run_one(kind.get<std::string>(), program));
  } else {
    observations = run_one(kind.get<std::string>(), message.value("program", Json()));
  }
  return {{"message", "result"},
          {"seq", message.value("seq", Json())},
          {"observations", std::move(observations)}};
}

Json parsed(const std::string& line) {
  if (line.size() > max_line) throw Refused("limit", "the line is too long");
  Json message = Json::parse(line, nullptr, false);
  if (!message.is_object()) throw Refused("bad-json", "not a JSON object");
  return message;
}

Json answer_to(const Json& message) {
  const Json name = message.value("message", Json());
  if (name == "hello") return hello(message);
  if (name == "run") return run(message);
  if (name == "reset" || name == "stop") return {{"message", name}};
  throw Refused("unknown-message", name.dump());
}

Json answer(const std::string& line) {
  Json seq;
  const auto error = [&](const char* code, const char* text) -> Json {
    return {{"message", "error"}, {"seq", seq}, {"error", code}, {"text", text}};
  };
  try {
    const Json message = parsed(line);
    seq = message.value("seq", Json());
    return answer_to(message);
  } catch (const Refused& refused) {
    return error(refused.code, refused.what());
  } catch (const std::exception& failure) {
    return error("internal", failure.what());
  }
}

int serve() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json reply = answer(line);
    std::cout << reply.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
    if (reply["message"] == "stop") break;
  }
  return 0;
}

}  // namespace
}  // namespace tandem::conformance

int main() { return tandem::conformance::serve(); }
