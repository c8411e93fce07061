// Objects in a server's process: Python's own types, and a class of one's own (CPython's
// documentation of managers).
#include <iostream>
#include <stdexcept>
#include <string>
#include <tandem/multiprocessing.hpp>
#include <vector>

namespace multiprocessing = tandem::multiprocessing;
namespace managers = multiprocessing::managers;
using managers::method;
using multiprocessing::Manager;
using multiprocessing::Process;

void work(const managers::DictProxy<std::string, int>& table,
          const managers::ListProxy<int>& numbers) {
  table["one"] = 1;
  table["two"] = 2;
  numbers.reverse();
}

class Maths {
 public:
  int add(int x, int y) const { return x + y; }
  int divide(int x, int y) const {
    if (y == 0) throw std::domain_error("division by zero");
    return x / y;
  }
};

int main(int argc, char** argv) {
  multiprocessing::freeze_support(argc, argv);
  {  // with Manager() as manager:
    const auto manager = Manager();
    const auto table = manager.dict<std::string, int>();
    const auto numbers = manager.list<int>({0, 1, 2, 3, 4});
    const Process process(work, table, numbers);
    process.start();
    process.join();
    std::cout << table << ' ' << numbers << '\n';
  }

  const managers::BaseManager manager;
  const auto make_maths =
      manager.register_<Maths>("Maths", method<&Maths::add>, method<&Maths::divide>);
  manager.start();
  const auto maths = make_maths();
  std::cout << maths.call<&Maths::add>(4, 3) << ' ' << maths.call<&Maths::divide>(7, 2) << '\n';
  try {
    maths.call<&Maths::divide>(1, 0);
  } catch (const std::domain_error& error) {  // what the method threw, there
    std::cout << "error: " << error.what() << '\n';
  }
}
