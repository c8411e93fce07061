// What tandem observes when it runs a program: see reference/PROTOCOL.md.
#pragma once
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace tandem::conformance {

using Json = nlohmann::json;

class BadProgram : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A future is addressed where there is none: nothing is observed.
class NoFuture {};

std::vector<std::string> kinds();
std::vector<std::string> features();

// The observations, one for each operation and what the kind adds at the end.
// Throws   BadProgram, also when a member is missing or of another type.
Json run_program(const std::string& kind, const Json& program);

Json run_queue(const Json& program);
Json run_future(const Json& program);
Json run_executor(const Json& program);
Json run_shlex(const Json& program);
Json run_text(const Json& program);
Json run_child(const Json& program);
Json run_pool(const Json& program);
Json run_asyncio(const Json& program);

// An operation [name, argument..., {options}], taken apart.
struct Step {
  explicit Step(const Json& operation);
  std::string name;
  Json arguments = Json::array();
  Json options = Json::object();

  template <class T>
  T argument(std::size_t index) const {
    return arguments.at(index).get<T>();
  }
};

// [name of the class, text], addresses left out.
Json described(const std::exception_ptr& error);
// Text with its addresses written "0x".
std::string without_addresses(const std::string& text);

// Bytes of ours in a program's texts: a character for each, U+0000 to U+00FF.
std::string to_bytes(const Json& text);
std::string from_bytes(const std::string& bytes);

// What `observe` returns, or {"raised": ...}.
template <class F>
Json observed(F observe) {
  try {
    return observe();
  } catch (const NoFuture&) {
    return nullptr;
  } catch (const BadProgram&) {
    throw;
  } catch (const nlohmann::json::exception&) {
    throw;
  } catch (...) {
    return {{"raised", described(std::current_exception())}};
  }
}

// One observation for each operation of the program: what run_step(step) returns, or raises.
template <class F>
Json observed_each(const Json& program, F run_step) {
  Json observations = Json::array();
  for (const Json& operation : program.at("operations")) {
    const Step step(operation);
    observations.push_back(observed([&] { return run_step(step); }));
  }
  return observations;
}

// Counts what tandem logs while it lives, and keeps it off standard error.
class LogCount {
 public:
  LogCount();
  LogCount(const LogCount&) = delete;
  LogCount& operator=(const LogCount&) = delete;
  ~LogCount();
  int count() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The value, with what was called and logged meanwhile, when there is any.
Json with_effects(Json value, const Json& called, int logged);

}  // namespace tandem::conformance
