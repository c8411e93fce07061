// shutdown(wait=False, cancel_futures=True) and then the end: what runs is finished, no more.
#include "conformance/programs/concurrent/futures/late.hpp"

futures::ThreadPoolExecutor* pool;
static tandem::threading::Event* started;

int main() {
  pool = new futures::ThreadPoolExecutor(1);
  started = new tandem::threading::Event;
  pool->submit([] {
    started->set();
    late("apple");
  });
  pool->submit(late, "pear");
  started->wait();
  pool->shutdown({.wait = false, .cancel_futures = true});
}
