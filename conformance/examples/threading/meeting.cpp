// Three threads that work in rounds: each has its own notes, and all meet before the next round.
#include <iostream>
#include <mutex>
#include <tandem/threading.hpp>
#include <vector>

using namespace std::chrono_literals;
namespace threading = tandem::threading;

struct Notes {
  std::vector<std::size_t> places;
};

int main() {
  int round = 0;
  threading::Barrier barrier(
      3, {.action = [&] { std::cout << "round " << ++round << '\n'; }, .timeout = 60s});
  threading::local<Notes> notes;  // class Notes(threading.local)
  threading::Lock lock;
  std::size_t sum = 0;

  const auto work = [&] {
    for (int i = 0; i < 2; ++i) notes->places.push_back(barrier.wait());
    std::scoped_lock guard(lock);
    for (const auto place : notes->places) sum += place;
  };
  std::vector<threading::Thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(work);
  for (const auto& thread : threads) thread.start();
  for (const auto& thread : threads) thread.join();
  std::cout << "sum of the places: " << sum << ", notes of main: " << notes->places.size() << '\n';

  threading::Event rang;
  threading::Timer late(60s, [] { std::cout << "never\n"; });
  threading::Timer timer(1ms, [&] { rang.set(); });
  late.start();
  timer.start();
  rang.wait();
  late.cancel();
  late.join();
  std::cout << "rang, and cancelled\n";
}
