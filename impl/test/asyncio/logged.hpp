// What is logged while it lives, by any thread that the test waits for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tandem/core/log.hpp"

namespace tandem::inline v1::asyncio {

class Logged {
 public:
  Logged() : before_(log_sink([this](std::string_view text) { lines_.emplace_back(text); })) {}
  Logged(const Logged&) = delete;
  Logged& operator=(const Logged&) = delete;
  ~Logged() { log_sink(before_); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  LogSink before_;
};

}  // namespace tandem::inline v1::asyncio
