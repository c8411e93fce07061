#include "tandem/subprocess/exceptions.hpp"

#include <utility>

#include "platform/process.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::subprocess {

namespace {

std::string called_text(int returncode, const Command& cmd) {
  const std::string command = "Command '" + to_string(cmd) + "' ";
  if (returncode >= 0)
    return command + "returned non-zero exit status " + std::to_string(returncode) + ".";
  const std::string number = std::to_string(returncode).substr(1);
  const char* const name = returncode > -1000 ? platform::signal_name(-returncode) : nullptr;
  if (name)
    return command + "died with <Signals." + name + ": " + number + ">.";
  return command + "died with unknown signal " + number + ".";
}

// As Python prints the number that its users write: 5, 0.05.
std::string seconds_text(std::chrono::nanoseconds time) {
  constexpr std::chrono::nanoseconds::rep second = 1'000'000'000;
  return time.count() % second == 0
             ? std::to_string(time.count() / second)
             : detail::float_repr(static_cast<double>(time.count()) / static_cast<double>(second));
}

std::string expired_text(const Command& cmd, std::chrono::nanoseconds timeout) {
  return "Command '" + to_string(cmd) + "' timed out after " + seconds_text(timeout) + " seconds";
}

}  // namespace

struct CalledProcessError::Fields {
  int returncode;
  Command cmd;
  std::optional<std::string> output, stderr_text;
};

CalledProcessError::CalledProcessError(int returncode, Command cmd,
                                       std::optional<std::string> output,
                                       std::optional<std::string> stderr_text)
    : SubprocessError(called_text(returncode, cmd)),
      fields_(std::make_shared<const Fields>(
          Fields{returncode, std::move(cmd), std::move(output), std::move(stderr_text)})) {}

int CalledProcessError::returncode() const noexcept { return fields_->returncode; }
const Command& CalledProcessError::cmd() const noexcept { return fields_->cmd; }
const std::optional<std::string>& CalledProcessError::output() const noexcept {
  return fields_->output;
}
const std::optional<std::string>& CalledProcessError::stdout_() const noexcept { return output(); }
const std::optional<std::string>& CalledProcessError::stderr_() const noexcept {
  return fields_->stderr_text;
}

struct TimeoutExpired::Fields {
  Command cmd;
  std::chrono::nanoseconds timeout;
  std::optional<std::string> output, stderr_text;
};

TimeoutExpired::TimeoutExpired(Command cmd, std::chrono::nanoseconds timeout,
                               std::optional<std::string> output,
                               std::optional<std::string> stderr_text)
    : SubprocessError(expired_text(cmd, timeout)),
      fields_(std::make_shared<const Fields>(
          Fields{std::move(cmd), timeout, std::move(output), std::move(stderr_text)})) {}

const Command& TimeoutExpired::cmd() const noexcept { return fields_->cmd; }
std::chrono::nanoseconds TimeoutExpired::timeout() const noexcept { return fields_->timeout; }
const std::optional<std::string>& TimeoutExpired::output() const noexcept {
  return fields_->output;
}
const std::optional<std::string>& TimeoutExpired::stdout_() const noexcept { return output(); }
const std::optional<std::string>& TimeoutExpired::stderr_() const noexcept {
  return fields_->stderr_text;
}

}  // namespace tandem::inline v1::subprocess
