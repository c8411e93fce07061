// The README's example of tandem::futures.
// [example]
#include <iostream>
#include <stdexcept>
#include <tandem/futures.hpp>
#include <vector>

using namespace std::chrono_literals;
namespace futures = tandem::futures;

int root(int square) {
  if (square < 0) throw std::domain_error("no root");
  int number = 0;
  while ((number + 1) * (number + 1) <= square) ++number;
  return number;
}

int main() {
  futures::ThreadPoolExecutor executor({.max_workers = 4});  // with ThreadPoolExecutor(4) as …

  for (int number : executor.map(root, std::vector{1, 4, 9})) std::cout << number << '\n';

  auto good = executor.submit(root, 144);
  auto bad = executor.submit(root, -1);
  futures::wait({good, bad}, {.timeout = 60s});
  std::cout << "done: " << good.done() << ", result: " << good.result() << '\n';
  try {
    bad.result();
  } catch (const std::domain_error& error) {  // what the task threw, as it threw it
    std::cout << "error: " << error.what() << '\n';
  }
}  // the end of the scope waits for the workers, as the end of `with` does
// [/example]
