#include <unistd.h>

#include <tandem/subprocess.hpp>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

using subprocess::PIPE;

// `cat` between two pipes in text mode.
class Copier {
 public:
  explicit Copier(const Json& program)
      : child_({"cat"}, {.stdin_ = PIPE,
                         .stdout_ = PIPE,
                         .encoding = program.at("encoding").get<std::string>(),
                         .errors = program.at("errors").get<std::string>()}) {}

  Json read(const std::string& bytes, const Json& steps) {
    if (::write(child_.stdin_().fileno(), bytes.data(), bytes.size()) < 0)
      throw std::runtime_error("nothing written");
    child_.stdin_().close();
    Json seen = Json::array();
    try {
      for (const Json& step : steps) seen.push_back(run(step));
    } catch (const UnicodeError&) {
      seen.push_back({{"raised", described(std::current_exception())}});
    }
    return seen;
  }

  Json write(const std::string& text) {
    const std::size_t count = child_.stdin_().write(text);
    child_.stdin_().close();
    std::string back(1 << 16, '\0');
    const auto size = ::read(child_.stdout_().fileno(), back.data(), back.size());
    back.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return {count, from_bytes(back)};
  }

 private:
  Json run(const Json& step) {
    subprocess::PipeFile& file = child_.stdout_();
    if (step == "line") return from_bytes(file.readline().value_or(""));
    if (step == "lines") {
      Json lines = Json::array();
      for (const std::string& line : file) lines.push_back(from_bytes(line));
      return lines;
    }
    const auto size = step.get<int>();
    return from_bytes(size < 0 ? file.read() : file.read(static_cast<std::size_t>(size)));
  }

  subprocess::ScopedPopen child_;
};

Json run_step(const Json& program, const Step& step) {
  if (step.name == "read")
    return Copier(program).read(to_bytes(step.arguments.at(0)), step.arguments.at(1));
  if (step.name == "write") return Copier(program).write(to_bytes(step.arguments.at(0)));
  throw BadProgram("unknown operation '" + step.name + "'");
}

}  // namespace

Json run_text(const Json& program) {
  return observed_each(program, [&](const Step& step) { return run_step(program, step); });
}

}  // namespace tandem::conformance
