#include <array>
#include <string>
#include <tandem/futures.hpp>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <thread>
#include <vector>

#include "support.hpp"

using namespace std::chrono_literals;
namespace futures = tandem::futures;
namespace mp = tandem::multiprocessing;

void task(int num) {
  print("task", num);
  std::this_thread::sleep_for(10ms);
}

void submit_and_map() {
  {
    futures::ProcessPoolExecutor executor(2);  // with ProcessPoolExecutor(2) as executor:
    std::vector<futures::Future<void>> fs;
    for (int i : range(4)) fs.push_back(executor.submit(task, i));
  }  // the end of the scope waits, as leaving `with` does
  {
    futures::ProcessPoolExecutor executor(2);
    executor.map(task, range(4));
  }
}

void primes() {
  constexpr std::array primes{112272535095293L, 112582705942171L, 115280095190773L,
                              115797848077099L, 1099726899285419L};
  futures::ProcessPoolExecutor executor;
  auto number = primes.begin();
  for (bool prime : executor.map(is_prime, primes, {.chunksize = 2}))
    print(*number++, "is prime:", prime);
}

int square(int x) { return x * x; }

template <futures::Executor E>
auto squares(E& executor) {
  std::vector<int> results;
  for (int y : executor.map(square, {1, 2, 3})) results.push_back(y);
  return results;
}

void either() {
  futures::ThreadPoolExecutor threads(2);
  futures::ProcessPoolExecutor processes({.max_workers = 2,
                                          .mp_context = mp::get_context("spawn"),
                                          .initializer = tandem::call(print, "a worker starts")});
  print("the same:", squares(threads) == squares(processes));
}

int main(int argc, char** argv) {
  mp::freeze_support(argc, argv);  // first in main: a spawned child does not return from it
  if (argc > 1) mp::set_start_method(argv[1]);
  submit_and_map();
  primes();
  either();
}
