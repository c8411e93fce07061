// A program with an executor that has forgotten freeze_support().
//
//   unguarded METHOD
#include <cstdlib>
#include <iostream>
#include <tandem/futures.hpp>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <tandem/threading.hpp>

namespace {

int square(int x) { return x * x; }

}  // namespace

int main(int, char** argv) {
  const tandem::main_scope scope;
  // The child that is spawned has other arguments: it finds the method in its environment.
  if (std::getenv("TANDEM_METHOD") == nullptr) ::setenv("TANDEM_METHOD", argv[1], 1);
  tandem::multiprocessing::set_start_method(std::getenv("TANDEM_METHOD"), true);
  tandem::futures::ProcessPoolExecutor pool(2);
  const auto first = pool.submit(square, 3), second = pool.submit(square, 4);
  const int sum = first.result() + second.result();
  std::cout << "sum " << sum << std::endl;
}
