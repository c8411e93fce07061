// The document's two ways to submit: single calls, whose futures are kept, and a call for each item
// of a range. reference/examples/concurrent/futures/executor.py prints the same.
#include <chrono>
#include <iostream>
#include <ranges>
#include <thread>
#include <vector>

#include "tandem/futures.hpp"

namespace futures = tandem::futures;

int task(int num) {
  std::cout << "task " << num << std::endl;
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return num * num;
}

int main() {
  std::vector<futures::Future<int>> fs;
  {
    futures::ThreadPoolExecutor executor(1);
    for (int i = 0; i < 4; ++i) fs.push_back(executor.submit(task, i));
  }  // waits, as leaving `with` does

  for (const auto& future : fs) std::cout << future.result() << std::endl;

  {
    futures::ThreadPoolExecutor executor(1);
    executor.map(task, std::views::iota(0, 4));
  }
  std::cout << "all done" << std::endl;
}
