// The ways in which a program ends while it has children.
//
//   ends METHOD FOLDER WAY   return, exit, exception
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "tandem/multiprocessing.hpp"
#include "tandem/threading.hpp"

namespace mp = tandem::multiprocessing;

namespace {

void note(const std::string& path, std::string line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  line += '\n';
  if (::write(file, line.data(), line.size()) < 0) ::abort();
  ::close(file);
}

void enter(const std::string& gate) { ::close(::open(gate.c_str(), O_RDONLY | O_CLOEXEC)); }
void open_gate(const std::string& gate) { ::close(::open(gate.c_str(), O_WRONLY | O_CLOEXEC)); }

void child(const std::string& folder, const std::string& name) {
  open_gate(folder + "/hello-" + name);
  enter(folder + "/gate-" + name);
  note(folder + "/notes", "end of " + name);
}

}  // namespace

int main(int argc, char** argv) {
  mp::freeze_support(argc, argv);
  const tandem::main_scope scope;
  const std::string method = argv[1], folder = argv[2], way = argv[3];
  mp::set_start_method(method);
  for (const std::string name : {"child", "daemon"}) {
    mp::Process({.target = tandem::call(child, folder, name), .daemon = name == "daemon"}).start();
    enter(folder + "/hello-" + name);
  }
  note(folder + "/notes", "end of main");
  tandem::threading::Thread(
      {.target = tandem::call(open_gate, folder + "/gate-child"), .daemon = true})
      .start();
  if (way == "exception") throw tandem::ValueError("as it should");
  if (way == "exit") std::exit(3);
}
