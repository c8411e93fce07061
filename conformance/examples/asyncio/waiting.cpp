// The document's wait() for a task, and what there is to say of a time limit, which the document
// only names. reference/examples/asyncio/waiting.py prints the same.
#include <iostream>
#include <tandem/asyncio.hpp>

using namespace std::chrono_literals;
namespace asyncio = tandem::asyncio;

asyncio::Coroutine<int> foo() { co_return 42; }

asyncio::Coroutine<> waits() {
  auto task = asyncio::create_task(foo());
  auto [done, pending] = co_await asyncio::wait({task});
  if (done.contains(task)) std::cout << "done: " << task.result() << '\n';

  auto slow = asyncio::create_task(asyncio::sleep(1h));
  auto [ended, left] = co_await asyncio::wait({slow}, {.timeout = 10ms});  // throws nothing
  std::cout << "pending: " << left.contains(slow) << '\n';
  slow.cancel();

  try {
    co_await asyncio::wait_for(asyncio::sleep(1h), 10ms);  // throws, and cancels
  } catch (const asyncio::TimeoutError&) {
    std::cout << "timeout\n";
  }
}

int main() { asyncio::run(waits()); }
