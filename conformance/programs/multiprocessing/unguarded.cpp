// A program that has forgotten freeze_support().
//
//   unguarded METHOD
#include <cstdlib>
#include <iostream>

#include "tandem/multiprocessing.hpp"
#include "tandem/threading.hpp"

namespace mp = tandem::multiprocessing;

void child() { std::cout << "child" << std::endl; }

int main(int, char** argv) {
  const tandem::main_scope scope;
  // The child that is spawned has other arguments: it finds the method in its environment.
  if (std::getenv("TANDEM_METHOD") == nullptr) ::setenv("TANDEM_METHOD", argv[1], 1);
  mp::set_start_method(std::getenv("TANDEM_METHOD"), true);
  const mp::Process process(child);
  process.start();
  process.join();
  std::cout << "status " << process.exitcode().value() << std::endl;
  return process.exitcode().value();
}
