#include "tandem/os/process.hpp"

#include <string_view>

#include "platform/system.hpp"

namespace tandem::inline v1::os {

int getpid() { return platform::process_id(); }
int getppid() { return platform::parent_process_id(); }
std::optional<int> cpu_count() { return platform::processor_count(); }

std::map<std::string, std::string> environ() {
  std::map<std::string, std::string> variables;
  const char* const* each = platform::environment();
  if (!each) return variables;
  for (; *each; ++each) {
    const std::string_view variable = *each;
    const auto equals = variable.find('=');
    // Of two with one name the first one counts, as for getenv().
    if (equals != std::string_view::npos)
      variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return variables;
}

}  // namespace tandem::inline v1::os
