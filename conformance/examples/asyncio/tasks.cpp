// The document's task: a coroutine that runs by itself. reference/examples/asyncio/tasks.py prints
// the same.
#include <iostream>
#include <tandem/asyncio.hpp>

namespace asyncio = tandem::asyncio;

asyncio::Coroutine<int> nested() { co_return 42; }

asyncio::Coroutine<> run_tasks() {
  auto task = asyncio::create_task(nested());
  // "task" can now be used to cancel "nested()", or
  // can simply be awaited to wait until it is complete:
  std::cout << co_await task << '\n';
}

int main() { asyncio::run(run_tasks()); }
