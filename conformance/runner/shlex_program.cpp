#include <tandem/shlex.hpp>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

std::vector<std::string> words_of(const Json& texts) {
  std::vector<std::string> words;
  for (const Json& text : texts) words.push_back(to_bytes(text));
  return words;
}

Json list_of(const std::vector<std::string>& words) {
  Json list = Json::array();
  for (const std::string& word : words) list.push_back(from_bytes(word));
  return list;
}

Json run_step(const Step& step) {
  const Json& argument = step.arguments.at(0);
  if (step.name == "quote") return from_bytes(shlex::quote(to_bytes(argument)));
  if (step.name == "join") return from_bytes(shlex::join(words_of(argument)));
  if (step.name == "split")
    return list_of(
        shlex::split(to_bytes(argument), {
                                             .comments = step.options.value("comments", false),
                                             .posix = step.options.value("posix", true),
                                         }));
  if (step.name == "split_joined") return list_of(shlex::split(shlex::join(words_of(argument))));
  throw BadProgram("unknown operation '" + step.name + "'");
}

}  // namespace

Json run_shlex(const Json& program) { return observed_each(program, run_step); }

}  // namespace tandem::conformance
