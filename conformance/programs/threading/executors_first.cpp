// At the end a pool's work is finished before the main thread counts as ended.
#include "conformance/programs/threading/say.hpp"
#include "tandem/futures.hpp"
#include "tandem/threading.hpp"

namespace threading = tandem::threading;

static tandem::futures::ThreadPoolExecutor* pool;

int main() {
  pool = new tandem::futures::ThreadPoolExecutor(1);
  threading::Thread([] {
    threading::main_thread().join();
    say("thread");
  }).start();
  pool->submit([] { threading::Event().wait(std::chrono::milliseconds(50)); });
  pool->submit([] { say("pool"); });
  say("end of main");
}
