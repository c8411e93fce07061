#include "programs.hpp"

#include <cxxabi.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <regex>
#include <tandem/core/exceptions.hpp>
#include <tandem/core/log.hpp>

namespace tandem::conformance {
namespace {

using Run = Json (*)(const Json&);
struct NamedKind {
  const char* name;
  Run run;
};
constexpr NamedKind all_kinds[] = {
    {"queue", run_queue},
#ifdef TANDEM_PROGRAMS_FUTURES
    {"future", run_future}, {"executor", run_executor},
#endif
    {"shlex", run_shlex},   {"text", run_text},         {"child", run_child},
    {"pool", run_pool},     {"asyncio", run_asyncio},
};

std::string class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free};
  std::string whole = text ? text.get() : type.name();
  // What std::throw_with_nested() has thrown is of a class over that of the exception.
  if (whole.starts_with("std::_Nested_exception<") || whole.starts_with("std::__nested<"))
    whole.pop_back();
  const auto colon = whole.rfind(':');
  return colon == std::string::npos ? whole : whole.substr(colon + 1);
}

}  // namespace

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  for (const NamedKind& kind : all_kinds) names.emplace_back(kind.name);
  return names;
}

std::vector<std::string> features() {
  return {"queue.shutdown", "executor.cancel_futures", "asyncio.3.11", "asyncio.3.12",
          "asyncio.3.13"};
}

Json run_program(const std::string& kind, const Json& program) {
  for (const NamedKind& known : all_kinds) {
    if (known.name != kind) continue;
    try {
      return known.run(program);
    } catch (const nlohmann::json::exception& error) {
      throw BadProgram(error.what());
    }
  }
  throw BadProgram("unknown kind '" + kind + "'");
}

Step::Step(const Json& operation) : name(operation.at(0).get<std::string>()) {
  for (std::size_t i = 1; i < operation.size(); ++i) {
    if (i + 1 == operation.size() && operation[i].is_object())
      options = operation[i];
    else
      arguments.push_back(operation[i]);
  }
}

std::string without_addresses(const std::string& text) {
  if (text.find("0x") == std::string::npos) return text;
  static const std::regex address("0x[0-9a-fA-F]+");
  return std::regex_replace(text, address, "0x");
}

std::string to_bytes(const Json& text) {
  std::string bytes;
  const auto& utf8 = text.get_ref<const std::string&>();
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const auto lead = static_cast<unsigned char>(utf8[at]);
    if (lead < 0x80) {
      bytes += utf8[at];
    } else if ((lead == 0xC2 || lead == 0xC3) && at + 1 < utf8.size()) {
      bytes += static_cast<char>((lead << 6) | (utf8[++at] & 0x3F));
    } else {
      throw BadProgram("a character is no byte");
    }
  }
  return bytes;
}

std::string from_bytes(const std::string& bytes) {
  std::string utf8;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) utf8 += static_cast<char>(0xC0 | (byte >> 6));
    utf8 += static_cast<char>(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
  }
  return utf8;
}

Json described(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return {class_name(typeid(e)), without_addresses(e.what())};
  } catch (const BaseException& e) {
    return {class_name(typeid(e)), without_addresses(e.what())};
  } catch (...) {
    return {"an exception of C++", ""};
  }
}

struct LogCount::State {
  std::atomic<int> count{0};
  LogSink former;
};

LogCount::LogCount() : state_(std::make_shared<State>()) {
  state_->former = log_sink([state = state_](std::string_view) { ++state->count; });
}
LogCount::~LogCount() { log_sink(std::move(state_->former)); }
int LogCount::count() const { return state_->count; }

Json with_effects(Json value, const Json& called, int logged) {
  if (called.empty() && logged == 0) return value;
  Json observation{{"value", std::move(value)}};
  if (!called.empty()) observation["called"] = called;
  if (logged != 0) observation["logged"] = logged;
  return observation;
}

}  // namespace tandem::conformance
