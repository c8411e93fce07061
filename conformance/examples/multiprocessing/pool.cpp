// The document's Pool (line 505), mended as its twin: the results are printed by the main program.
#include <iostream>
#include <ranges>
#include <tandem/multiprocessing.hpp>
#include <vector>

namespace multiprocessing = tandem::multiprocessing;
using multiprocessing::Pool;

int square(int number) { return number * number; }

void print(const std::vector<int>& numbers) {
  std::cout << '[';
  for (const int& number : numbers) std::cout << (&number == numbers.data() ? "" : ", ") << number;
  std::cout << "]\n";
}

int main(int argc, char** argv) {
  multiprocessing::freeze_support(argc, argv);
  {  // with Pool(processes=4) as pool:
    Pool pool(4);
    print(pool.map(square, std::views::iota(0, 5)));
  }

  Pool pool(4);
  std::vector<multiprocessing::AsyncResult<int>> results;
  for (int i = 0; i < 5; ++i) results.push_back(pool.apply_async(square, i));
  pool.close();  // no further tasks
  pool.join();   // the main process waits for the workers to end
  std::vector<int> numbers;
  for (const auto& result : results) numbers.push_back(result.get());
  print(numbers);
}
