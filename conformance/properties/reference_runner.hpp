// One CPython that lives as long as this process and runs programs: see reference/PROTOCOL.md.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tandem::conformance {

class ReferenceRunner {
 public:
  using Json = nlohmann::json;

  // With the first of TANDEM_PYTHONS (a list with colons) that starts, or else the newest python3
  // of PATH; null when there is none of version 3.8 or later.
  static ReferenceRunner* find();

  explicit ReferenceRunner(const std::vector<std::string>& command);
  ReferenceRunner(const ReferenceRunner&) = delete;
  ReferenceRunner& operator=(const ReferenceRunner&) = delete;
  ~ReferenceRunner();

  std::string version() const { return hello_.at("version").get<std::string>(); }
  std::string name() const { return hello_.value("implementation", "?") + " " + version(); }
  bool has_feature(const std::string& feature) const;
  Json run(const std::string& kind, const Json& program);

 private:
  Json ask(const Json& message);
  std::string read_line();

  int socket_ = -1;
  int process_ = -1;
  std::string received_;
  Json hello_;
  int sequence_ = 0;
};

}  // namespace tandem::conformance
