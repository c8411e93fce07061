// The document's first coroutine. reference/examples/asyncio/hello.py prints the same.
#include <iostream>
#include <tandem/asyncio.hpp>

using namespace std::chrono_literals;
namespace asyncio = tandem::asyncio;

asyncio::Coroutine<> hello() {  // async def main():
  std::cout << "Hello\n";
  co_await asyncio::sleep(1s);
  std::cout << "World\n";
}

int main() { asyncio::run(hello()); }
