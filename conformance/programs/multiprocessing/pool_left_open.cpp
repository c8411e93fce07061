// A pool that nobody closes does not keep the program from ending.
#include <iomanip>
#include <iostream>
#include <tandem/multiprocessing.hpp>

namespace mp = tandem::multiprocessing;

double real(int number) { return number; }

static mp::Pool* pool;

int main(int argc, char** argv) {
  mp::freeze_support(argc, argv);
  pool = new mp::Pool(2);
  const auto results = pool->map(real, {0, 1, 2});
  std::cout << std::fixed << std::setprecision(1) << '[' << results[0] << ", " << results[1] << ", "
            << results[2] << "]" << std::endl;
}
