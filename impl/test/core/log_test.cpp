// The log from inside: what a user's sink may do while it is handed out.
#include "tandem/core/log.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace tandem {
namespace {

// Its copy constructor logs, as all of the user's code may.
struct LoggingSink {
  LoggingSink() = default;
  LoggingSink(const LoggingSink&) {
    ++copies;
    detail::log("copied");
  }
  LoggingSink(LoggingSink&&) noexcept = default;

  void operator()(std::string_view) const {}

  static inline int copies = 0;
};

TEST(Log, IsFreeWhileTheFormerSinkIsCopied) {
  const LogSink before = log_sink(LoggingSink());
  const LogSink logging = log_sink([](std::string_view) {});
  log_sink(before);
  EXPECT_TRUE(logging);
  EXPECT_GE(LoggingSink::copies, 1);
}

}  // namespace
}  // namespace tandem
