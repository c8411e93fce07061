// A program that starts a child, and notes which of its parts are run.
//
//   guarded METHOD NOTES
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tandem/multiprocessing.hpp"

namespace mp = tandem::multiprocessing;

namespace {

void note(const std::string& path, const std::string& line) {
  std::ofstream(path, std::ios::app) << line << std::endl;
}

// The child that is spawned has other arguments: it finds the file in its environment.
std::string notes() {
  if (const char* path = std::getenv("TANDEM_NOTES")) return path;
  std::ifstream arguments("/proc/self/cmdline");
  std::string argument;
  for (int count = 0; count < 3; ++count) std::getline(arguments, argument, '\0');
  ::setenv("TANDEM_NOTES", argument.c_str(), 1);
  return argument;
}

bool main_was_run = false;

struct Begins {
  Begins() { note(notes(), "begins"); }
} begins;

void child(const std::string& path) { note(path, main_was_run ? "child False" : "child True"); }

}  // namespace

int main(int argc, char** argv) {
  mp::freeze_support(argc, argv);
  main_was_run = true;
  note(argv[2], "main");
  mp::set_start_method(argv[1]);
  const mp::Process process(child, std::string(argv[2]));
  process.start();
  process.join();
  note(argv[2], "status " + std::to_string(process.exitcode().value()));
}
