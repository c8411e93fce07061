// The README's example of tandem::shlex.
// [example]
#include <iostream>
#include <tandem/shlex.hpp>

namespace shlex = tandem::shlex;

int main() {
  std::cout << shlex::quote("notes.txt; rm -rf ~")
            << '\n';  // one word for a shell, whatever is in it
  std::cout << shlex::join({"grep", "-e", "it's", "my file"}) << '\n';
  for (const std::string& word : shlex::split("cp 'my file' \"your file\""))
    std::cout << word << '\n';
}
// [/example]
