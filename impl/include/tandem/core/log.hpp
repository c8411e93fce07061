// One place for what Python logs or prints to stderr: exceptions in callbacks, excepthook, ….
#pragma once
#include <functional>
#include <string_view>

#include "tandem/core/export.hpp"

namespace tandem::inline v1 {

// Called with one message at a time, without a final newline. Must not throw.
using LogSink = std::function<void(std::string_view message)>;

// Sets where the messages go and returns the former sink. An empty sink is the default: stderr.
// Threads  any number at once.
TANDEM_API LogSink log_sink(LogSink sink);

namespace detail {
TANDEM_API void log(std::string_view message) noexcept;
}  // namespace detail

}  // namespace tandem::inline v1
