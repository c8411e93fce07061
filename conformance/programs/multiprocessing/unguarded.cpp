// A program that has forgotten freeze_support().
//
//   unguarded METHOD process|pool
#include <cstdlib>
#include <iostream>
#include <string>

#include "tandem/multiprocessing.hpp"
#include "tandem/threading.hpp"

namespace mp = tandem::multiprocessing;

namespace {

// The child that is spawned has other arguments: it finds these in its environment.
std::string remembered(const char* name, const char* argument) {
  if (std::getenv(name) == nullptr) ::setenv(name, argument, 1);
  return std::getenv(name);
}

void child() { std::cout << "child" << std::endl; }
int square(int x) { return x * x; }

int with_process() {
  const mp::Process process(child);
  process.start();
  process.join();
  std::cout << "status " << process.exitcode().value() << std::endl;
  return process.exitcode().value();
}

int with_pool() {
  mp::Pool pool(2);
  const int sum = pool.apply(square, 3) + pool.apply(square, 4);
  std::cout << "sum " << sum << std::endl;
  return 0;
}

}  // namespace

int main(int, char** argv) {
  const tandem::main_scope scope;
  mp::set_start_method(remembered("TANDEM_METHOD", argv[1]), true);
  return remembered("TANDEM_WHAT", argv[2]) == "pool" ? with_pool() : with_process();
}
