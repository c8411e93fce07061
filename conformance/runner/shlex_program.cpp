#include <tandem/shlex.hpp>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

// A character of the program's texts, U+0000 to U+00FF, is a byte of ours.
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

Json run_shlex(const Json& program) {
  Json observations = Json::array();
  for (const Json& operation : program.at("operations")) {
    const Step step(operation);
    observations.push_back(observed([&] { return run_step(step); }));
  }
  return observations;
}

}  // namespace tandem::conformance
