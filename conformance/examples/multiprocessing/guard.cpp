// The document's main guard (line 16). In C++ it is the first line of main(): a spawned worker runs
// the initialisers of statics again, and of main() no more than that. As the twin, it spawns the
// workers, and the main program prints.
#include <iostream>
#include <ranges>
#include <tandem/multiprocessing.hpp>

namespace multiprocessing = tandem::multiprocessing;

int x = 5;

int twice(int number) { return 2 * number; }

int main(int argc, char** argv) {
  multiprocessing::freeze_support(argc, argv);
  x = 8;
  multiprocessing::set_start_method("spawn");
  multiprocessing::Pool pool(2);
  std::cout << x << " [";
  for (int separated = 0; const int y : pool.map(twice, std::views::iota(0, x)))
    std::cout << (separated++ > 0 ? ", " : "") << y;
  std::cout << "]\n";
}
