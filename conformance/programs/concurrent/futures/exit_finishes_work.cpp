// A pool that nobody shuts down: its work, also what is queued, is finished when the program ends.
#include "conformance/programs/concurrent/futures/late.hpp"

futures::ThreadPoolExecutor* pool;

int main() {
  pool = new futures::ThreadPoolExecutor(1);
  pool->submit(late, "apple");
  pool->submit(late, "pear");
}
