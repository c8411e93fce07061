// What the library logs while a case looks.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/core/log.hpp"

namespace tandem::conformance {

// What is logged meanwhile: the first and the last line of each message.
class Logged {
 public:
  Logged()
      : old_(log_sink([kept = kept_](std::string_view message) {
          const std::lock_guard guard(kept->lock);
          kept->messages.push_back(abridged(std::string(message)));
        })) {}
  Logged(const Logged&) = delete;
  Logged& operator=(const Logged&) = delete;
  ~Logged() { log_sink(std::move(old_)); }

  std::vector<std::string> messages() const {
    const std::lock_guard guard(kept_->lock);
    return kept_->messages;
  }

 private:
  static std::string abridged(const std::string& message) {
    const std::string trimmed = message.substr(0, message.find_last_not_of('\n') + 1);
    const auto first = trimmed.find('\n');
    if (first == std::string::npos) return trimmed;
    return trimmed.substr(0, first) + " ... " + trimmed.substr(trimmed.rfind('\n') + 1);
  }

  struct Kept {
    std::mutex lock;
    std::vector<std::string> messages;
  };
  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
  LogSink old_;
};

}  // namespace tandem::conformance
