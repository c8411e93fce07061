// The document's list of a future's methods, called one after the other.
// reference/examples/concurrent/futures/future.py prints the same.
#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include "tandem/futures.hpp"
#include "tandem/threading.hpp"

using namespace std::chrono_literals;
namespace futures = tandem::futures;
using futures::Future;

const char* text(bool value) { return value ? "True" : "False"; }

std::string text(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  }
}

int main() {
  tandem::threading::Event started;
  tandem::threading::Event go_on;
  const auto work = [&] {
    started.set();
    go_on.wait();
    return 42;
  };
  const auto fail = []() -> int { throw tandem::ValueError("no luck"); };

  Future<int> running;
  Future<int> failing;
  {
    futures::ThreadPoolExecutor executor(1);
    running = executor.submit(work);
    failing = executor.submit(fail);
    const Future<int> waiting = executor.submit(work);
    running.add_done_callback([](const Future<int>& future) {
      std::cout << "callback: " << future.result() << std::endl;
    });
    started.wait();

    std::cout << "done: " << text(running.done()) << " running: " << text(running.running())
              << " cancel: " << text(running.cancel()) << std::endl;
    std::cout << "cancel: " << text(waiting.cancel()) << " cancelled: " << text(waiting.cancelled())
              << " done: " << text(waiting.done()) << std::endl;
    try {
      running.result(10ms);
    } catch (const tandem::TimeoutError&) {
      std::cout << "not yet" << std::endl;
    }
    go_on.set();
  }

  std::cout << "result: " << running.result() << " done: " << text(running.done())
            << " running: " << text(running.running()) << std::endl;
  std::cout << "exception: " << text(failing.exception()) << " done: " << text(failing.done())
            << std::endl;
}
