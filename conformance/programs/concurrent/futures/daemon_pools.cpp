// The program's end does not wait for what was submitted to pools of daemons, whoever destroys
// them.
#include "conformance/programs/concurrent/futures/late.hpp"

// Daemons use them until the very end.
static auto& never = *new tandem::threading::Event;
static auto& begun = *new tandem::threading::Semaphore(0);

const futures::ThreadPoolExecutorOptions daemons{.max_workers = 1, .daemon = true};
static futures::ThreadPoolExecutor of_statics(daemons);
futures::ThreadPoolExecutor* pool;

int main() {
  pool = new futures::ThreadPoolExecutor(daemons);
  futures::ThreadPoolExecutor local(daemons);
  for (auto* each : {&of_statics, pool, &local}) {
    each->submit([] {
      begun.release();
      never.wait();
    });
    each->submit([] { std::cout << "never" << std::endl; });
  }
  for (int i = 0; i < 3; ++i) begun.acquire();
  std::cout << "end of main" << std::endl;
}
