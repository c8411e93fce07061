// The clauses of spec/, read from the files themselves: no Python, no generated index that could be
// stale.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace tandem::conformance {

struct Clause {
  std::string id;
  std::string level;
  std::string oracle;
  std::string since;
  std::string until;
};

/// conformance/queue/lifo_queue_test.cpp -> "queue/lifo_queue"
std::string primitive_of(std::string_view source_file);

/// spec/ beside this source tree, or where TANDEM_SPEC_DIR says.
std::filesystem::path spec_directory();

/// The clauses of one primitive. Reads the plain `key = "text"` lines only; the lint checks the
/// rest.
std::map<std::string, Clause> read_clauses(const std::filesystem::path& file);

/// The clause, or nullptr. Files are read once.
const Clause* find_clause(const std::string& primitive, const std::string& id);

}  // namespace tandem::conformance
