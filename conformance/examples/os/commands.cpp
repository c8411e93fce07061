// The document's examples of os.system and os.popen (lines 294 and 310), mended: the directory is
// one that everybody has; read() comes first, so readlines() has another pipe to read from; and
// what os.system returns is the wait status, of which waitstatus_to_exitcode makes the exit code.
#include <filesystem>
#include <iostream>
#include <tandem/os.hpp>

namespace os = tandem::os;

int main() {
  std::filesystem::current_path("/");

  const int result = os::system("pwd -P");
  std::cout << "result: " << result << '\n';
  const int failed = os::system("exit 3");
  std::cout << "failed: " << failed << ", exit code: " << os::waitstatus_to_exitcode(failed)
            << '\n';

  os::Pipe c = os::popen("pwd -P", {.mode = "r", .buffering = -1});
  std::cout << "read: " << c.read();
  std::cout << "close: " << (c.close() ? "a status" : "None") << '\n';

  os::Pipe lines = os::popen("printf 'one\\ntwo\\n'; exit 3");
  for (const std::string& line : lines.readlines()) std::cout << "line: " << line;
  std::cout << "close: " << lines.close().value() << std::endl;

  os::Pipe writer = os::popen("cat", {.mode = "w"});
  writer.write("to the command\n");
  writer.close();
}
