// The danger of shell=True (lines 415 to 433 of the document), shown: a file name from outside that
// is a command, too. As a word of a list, or quoted, it is a name and nothing more.
#include <iostream>
#include <tandem/shlex.hpp>
#include <tandem/subprocess.hpp>

namespace shlex = tandem::shlex;
namespace subprocess = tandem::subprocess;

int main() {
  const std::string name = "notes.txt; echo all your files are gone";

  std::cout << "shell:  " << subprocess::check_output("echo " + name, {.shell = true});
  std::cout << "list:   " << subprocess::check_output({"echo", name});
  std::cout << "quoted: "
            << subprocess::check_output("echo " + shlex::quote(name), {.shell = true});
}
