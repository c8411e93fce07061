// The README's example of tandem::os.
// [example]
#include <iostream>
#include <tandem/os.hpp>

namespace os = tandem::os;

int main() {
  const int status = os::system("exit 3");
  std::cout << status << " is exit code " << os::waitstatus_to_exitcode(status) << '\n';

  os::Pipe words = os::popen("printf 'one\\ntwo\\n'");
  for (const std::string& line : words) std::cout << "read: " << line;
  if (auto failed = words.close()) std::cout << "failed: " << *failed << '\n';
}
// [/example]
