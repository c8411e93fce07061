#include "tandem/core/log.hpp"

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include "tandem/core/fork.hpp"

namespace tandem::inline v1 {

namespace {

struct Sink {
  detail::ForkSafeMutex mutex{detail::ForkStage::core};
  std::shared_ptr<LogSink> current = std::make_shared<LogSink>();
};
Sink& sink() {
  static Sink& forever = *new Sink;  // never destroyed: threads log until the very end
  return forever;
}
[[maybe_unused]] const Sink& sink_at_start = sink();

void write_to_stderr(std::string_view message) {
  std::string line(message);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

LogSink log_sink(LogSink next) {
  auto shared = std::make_shared<LogSink>(std::move(next));
  {
    const std::scoped_lock guard(sink().mutex);
    sink().current.swap(shared);
  }
  return *shared;  // a copy of the user's, which may log
}

void detail::log(std::string_view message) noexcept {
  try {
    std::unique_lock guard(sink().mutex);
    const auto current = sink().current;
    guard.unlock();  // the sink may log, or set another sink
    *current ? (*current)(message) : write_to_stderr(message);
  } catch (...) {
    // Nowhere left to report it.
  }
}

}  // namespace tandem::inline v1
