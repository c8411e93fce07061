#include "conformance/harness/clauses.hpp"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <utility>

namespace tandem::conformance {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::pair<std::string, std::string>> plain_pair(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto value = trimmed(line.substr(equals + 1));
  const auto end = value.empty() ? std::string_view::npos : value.find('"', 1);
  if (value.substr(0, 1) != "\"" || end == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(trimmed(line.substr(0, equals))),
                   std::string(value.substr(1, end - 1)));
}

// Follows the lines of a file and tells which of them stand inside a text of three quotes.
class MultilineText {
 public:
  bool covers(std::string_view line) {
    const bool was_open = !open_.empty();
    for (std::size_t at = 0; at + 3 <= line.size();) {
      const auto three = line.substr(at, 3);
      const bool quotes = three == "'''" || three == "\"\"\"";
      if (quotes && open_.empty()) {
        open_ = three;
      } else if (quotes && open_ == three) {
        open_.clear();
      } else {
        ++at;
        continue;
      }
      at += 3;
    }
    return was_open || !open_.empty();
  }

 private:
  std::string open_;
};

void set_field(Clause& clause, const std::string& key, const std::string& value) {
  if (key == "id") clause.id = value;
  if (key == "level") clause.level = value;
  if (key == "oracle") clause.oracle = value;
  if (key == "since") clause.since = value;
  if (key == "until") clause.until = value;
}

}  // namespace

std::string primitive_of(std::string_view source_file) {
  constexpr std::string_view room = "conformance/";
  constexpr std::string_view suffix = "_test.cpp";
  const auto at = source_file.rfind(room);
  if (at != std::string_view::npos) source_file.remove_prefix(at + room.size());
  if (source_file.ends_with(suffix)) source_file.remove_suffix(suffix.size());
  return std::string(source_file);
}

std::filesystem::path spec_directory() {
  const char* named = std::getenv("TANDEM_SPEC_DIR");
  return named != nullptr ? named : TANDEM_SOURCE_DIR "/spec";
}

std::map<std::string, Clause> read_clauses(const std::filesystem::path& file) {
  std::map<std::string, Clause> clauses;
  std::ifstream in(file);
  MultilineText text;
  Clause current;
  bool in_clause = false;
  const auto keep = [&] {
    if (in_clause && !current.id.empty()) clauses[current.id] = current;
  };
  for (std::string line; std::getline(in, line);) {
    if (text.covers(line)) continue;
    const auto content = trimmed(line);
    if (content.starts_with("[")) {
      keep();
      current = Clause{};
      in_clause = content.starts_with("[[clause]]");
    } else if (const auto pair = plain_pair(content)) {
      set_field(current, pair->first, pair->second);
    }
  }
  keep();
  return clauses;
}

const Clause* find_clause(const std::string& primitive, const std::string& id) {
  static std::map<std::string, std::map<std::string, Clause>> files;
  auto known = files.find(primitive);
  if (known == files.end()) {
    known = files.emplace(primitive, read_clauses(spec_directory() / (primitive + ".toml"))).first;
  }
  const auto clause = known->second.find(id);
  return clause == known->second.end() ? nullptr : &clause->second;
}

}  // namespace tandem::conformance
