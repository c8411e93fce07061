// submit() from a handler that runs after the pools have been ended.
#include <cstdlib>

#include "conformance/programs/concurrent/futures/late.hpp"

static futures::ThreadPoolExecutor* fresh;
static futures::ThreadPoolExecutor* used;

static void run_last() {
  try {
    fresh->submit([] {});
  } catch (const tandem::RuntimeError& error) {
    std::cout << error.what() << std::endl;
  }
  try {
    used->submit([] {});
  } catch (const tandem::RuntimeError&) {
    std::cout << "RuntimeError" << std::endl;
  }
}

int main() {
  std::atexit(run_last);
  fresh = new futures::ThreadPoolExecutor(5);
  used = new futures::ThreadPoolExecutor(5);
  used->submit([] { return 42; }).result();
}
