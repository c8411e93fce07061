// The README's example of tandem::asyncio.
// [example]
#include <iostream>
#include <string>
#include <tandem/asyncio.hpp>
#include <vector>

using namespace std::chrono_literals;
namespace asyncio = tandem::asyncio;

asyncio::Coroutine<std::string> fetch(std::string name, std::chrono::milliseconds delay) {
  co_await asyncio::sleep(delay);  // others run meanwhile
  if (name.empty()) throw tandem::ValueError("no name");
  co_return "page of " + name;
}

asyncio::Coroutine<> fetch_all() {
  auto [a, b] = co_await asyncio::gather(fetch("a", 20ms), fetch("b", 10ms));
  std::cout << a << ", " << b << '\n';

  asyncio::TaskGroup group;  // async with asyncio.TaskGroup() as tg:
  auto task = co_await asyncio::with(group, [](asyncio::TaskGroup& tg) {
    tg.create_task(fetch("c", 10ms));
    return tg.create_task(fetch("d", 1ms));
  });
  std::cout << task.result() << '\n';

  try {
    co_await asyncio::wait_for(fetch("e", 1h), 10ms);
  } catch (const asyncio::TimeoutError&) {  // it has been cancelled, and has ended
    std::cout << "too slow\n";
  }

  auto limit = asyncio::timeout(10s);  // async with asyncio.timeout(10):
  try {
    co_await asyncio::with(limit, [] { return fetch("", 1ms); });
  } catch (const tandem::ValueError& error) {
    std::cout << error.what() << '\n';
  }
}

int main() { asyncio::run(fetch_all()); }
// [/example]
