// shutdown(wait=False) and then the end: the work and its callbacks are done nevertheless.
#include "conformance/programs/concurrent/futures/late.hpp"

futures::ThreadPoolExecutor* pool;

int main() {
  pool = new futures::ThreadPoolExecutor(3);
  pool->submit(late, "apple").add_done_callback([](const auto&) {
    std::cout << "done" << std::endl;
  });
  pool->shutdown({.wait = false});
}
