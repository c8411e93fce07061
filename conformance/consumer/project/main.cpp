// A user of an installed tandem: every module is included, linked and thrown from.
#include <cstdio>
#include <tandem/tandem.hpp>

int main() {
  tandem::queue::Queue<int> numbers;
  tandem::threading::Thread thread([&numbers] { numbers.put(20); });
  thread.start();
  thread.join();

  tandem::futures::ThreadPoolExecutor executor(1);
  const int doubled = executor.submit([](int x) { return 2 * x; }, numbers.get()).result();
  try {
    numbers.get_nowait();
  } catch (const tandem::queue::Empty&) {
    std::printf("%d and empty\n", doubled);
    return doubled == 40 ? 0 : 1;
  }
  return 1;
}
