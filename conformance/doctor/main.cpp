// doctor: what a target can do and what it is, as one JSON object. Needs a C++20 compiler and
// POSIX, and neither tandem nor any other library, so that it is the first thing to run on a new
// target.
#include <cstdio>
#include <iterator>
#include <string>

#include "facts.hpp"
#include "probes.hpp"

namespace {

using namespace doctor;

constexpr Probe probes[] = {
    {"fork", fork_works},
    {"threads-after-fork", threads_after_fork},
    {"vfork-sharing", vfork_sharing},
    {"pidfd", pidfd},
    {"futex", futex},
    {"shared-futex", shared_futex},
    {"robust-mutexes", robust_mutexes},
    {"shared-memory", shared_memory},
    {"named-shared-memory", named_shared_memory},
    {"memfd", memfd},
    {"epoll", epoll},
    {"kqueue", kqueue},
    {"descriptors-over-sockets", descriptors_over_sockets},
    {"own-executable", own_executable},
    {"thread-list", thread_list},
    {"adopted-orphans", adopted_orphans},
    {"other-programs", other_programs},
    {"this-program-again", this_program_again},
};

template <typename Pairs>
void print_object(const char* name, const Pairs& pairs) {
  std::printf(" %s: {", quoted(name).c_str());
  const char* before = "\n";
  for (const auto& [key, value] : pairs) {
    std::printf("%s  %s: %s", before, quoted(key).c_str(), value.c_str());
    before = ",\n";
  }
  std::printf("\n }");
}

std::vector<std::pair<std::string, std::string>> capabilities() {
  std::vector<std::pair<std::string, std::string>> answers;
  for (const Probe& probe : probes) answers.emplace_back(probe.name, quoted(asked_apart(probe)));
  return answers;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == again) return again_code;
  std::printf("{\n");
  print_object("capabilities", capabilities());
  std::printf(",\n");
  print_object("facts", facts());
  std::printf("\n}\n");
}
