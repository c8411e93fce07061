// What subprocess raises.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/subprocess/command.hpp"

namespace tandem::inline v1::subprocess {

class TANDEM_API SubprocessError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A child that was to succeed did not.
//   what()  "Command '['false']' returned non-zero exit status 1."
// Spec     subprocess.exceptions.called-process-error
class TANDEM_API CalledProcessError : public SubprocessError {
 public:
  CalledProcessError(int returncode, Command cmd, std::optional<std::string> output = {},
                     std::optional<std::string> stderr_text = {});
  int returncode() const noexcept;
  const Command& cmd() const noexcept;
  // What was captured; none: nothing was to be.
  const std::optional<std::string>& output() const noexcept;
  const std::optional<std::string>& stdout_() const noexcept;  // the same as output()
  const std::optional<std::string>& stderr_() const noexcept;

 private:
  struct Fields;
  std::shared_ptr<const Fields> fields_;  // shared: copying an exception must not throw
};

// A child did not end in time.
//   what()  "Command '['sleep', '5']' timed out after 0.05 seconds"
// Spec     subprocess.exceptions.timeout-expired
class TANDEM_API TimeoutExpired : public SubprocessError {
 public:
  TimeoutExpired(Command cmd, std::chrono::nanoseconds timeout,
                 std::optional<std::string> output = {},
                 std::optional<std::string> stderr_text = {});
  const Command& cmd() const noexcept;
  std::chrono::nanoseconds timeout() const noexcept;
  // What had been captured until then, as it came: not decoded, in text mode neither. None:
  // nothing.
  const std::optional<std::string>& output() const noexcept;
  const std::optional<std::string>& stdout_() const noexcept;  // the same as output()
  const std::optional<std::string>& stderr_() const noexcept;

 private:
  struct Fields;
  std::shared_ptr<const Fields> fields_;  // shared: copying an exception must not throw
};

}  // namespace tandem::inline v1::subprocess
