#include "tandem/os/system.hpp"

#include "platform/system.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"

namespace tandem::inline v1::os {

int system(std::string command) {
  if (command.find('\0') != std::string::npos) throw ValueError("embedded null byte");
  const detail::ParkedInSystem parked;
  return platform::run_shell(command.c_str());
}

int waitstatus_to_exitcode(int status) {
  using Kind = platform::WaitStatus::Kind;
  const auto [kind, value] = platform::read_wait_status(status);
  switch (kind) {
    case Kind::exited:
      return value;
    case Kind::killed:
      return -value;
    case Kind::stopped:
      throw ValueError("process stopped by delivery of signal " + std::to_string(value));
    case Kind::unknown:
      break;
  }
  throw ValueError("invalid wait status: " + std::to_string(value));
}

}  // namespace tandem::inline v1::os
