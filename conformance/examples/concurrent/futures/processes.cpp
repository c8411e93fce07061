// The document's example of concurrent.futures: four tasks by submit(), four by map(), in
// processes.
#include <iostream>
#include <string>
#include <tandem/futures.hpp>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <vector>

namespace futures = tandem::futures;
namespace mp = tandem::multiprocessing;

std::string task(int num) { return "task " + std::to_string(num); }

int main(int argc, char** argv) {
  mp::freeze_support(argc, argv);
  std::vector<futures::Future<std::string>> fs;
  {
    futures::ProcessPoolExecutor executor(2);
    for (int i = 0; i < 4; ++i) fs.push_back(executor.submit(task, i));
  }  // the end of the scope waits, as the end of `with` does
  for (const auto& f : fs) std::cout << f.result() << '\n';

  futures::ProcessPoolExecutor executor(2);
  for (const std::string& result : executor.map(task, {0, 1, 2, 3})) std::cout << result << '\n';
}
