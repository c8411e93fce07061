#include "trial.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>

namespace tandem::conformance {
namespace {

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument("no number: " + std::string(text));
  return value;
}

void set_choice(Schedule& schedule, std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos) throw std::invalid_argument("no choice: " + std::string(text));
  const std::size_t place = number(text.substr(0, colon));
  if (place >= schedule.size()) schedule.resize(place + 1);
  schedule[place] = static_cast<std::uint8_t>(number(text.substr(colon + 1)));
}

Verb verb_of(const Target& target, const std::string& word) {
  const auto found = std::find(target.verbs.begin(), target.verbs.end(), word);
  if (found == target.verbs.end()) throw std::invalid_argument("no such verb: " + word);
  return static_cast<Verb>(found - target.verbs.begin());
}

}  // namespace

std::size_t Trial::operations() const {
  std::size_t count = 0;
  for (const Verbs& program : programs) count += program.size();
  return count;
}

std::string to_text(const Target& target, const Trial& trial) {
  std::string text;
  for (std::size_t thread = 0; thread < trial.programs.size(); ++thread) {
    if (thread > 0) text += "/ ";
    for (const Verb verb : trial.programs[thread]) text += target.verbs[verb] + " ";
  }
  text += "@";
  for (std::size_t i = 0; i < trial.schedule.size(); ++i)
    if (trial.schedule[i] != 0)
      text += " " + std::to_string(i) + ":" + std::to_string(trial.schedule[i]);
  return text;
}

Trial parse(const Target& target, std::string_view text) {
  std::istringstream words{std::string(text)};
  Trial trial;
  trial.programs.emplace_back();
  bool in_schedule = false;
  for (std::string word; words >> word;) {
    if (in_schedule)
      set_choice(trial.schedule, word);
    else if (word == "@")
      in_schedule = true;
    else if (word == "/")
      trial.programs.emplace_back();
    else
      trial.programs.back().push_back(verb_of(target, word));
  }
  return trial;
}

}  // namespace tandem::conformance
