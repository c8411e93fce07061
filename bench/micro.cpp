// What one thread pays when nobody else is there. Run it with
//   bench_micro --benchmark_enable_random_interleaving=true --benchmark_repetitions=9
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <tandem/futures.hpp>
#include <tandem/queue.hpp>

namespace {

namespace futures = tandem::futures;
namespace queue = tandem::queue;

template <class Queue>
void put_get(benchmark::State& state, Queue& q) {
  std::int64_t sum = 0;
  for (auto _ : state) {
    q.put(1);
    sum += q.get();
  }
  if (sum != state.iterations()) state.SkipWithError("an item was lost");
}

void bounded_put_get(benchmark::State& state) {
  queue::Queue<std::int64_t> q(1024);
  put_get(state, q);
}
BENCHMARK(bounded_put_get);

void unbounded_put_get(benchmark::State& state) {
  queue::Queue<std::int64_t> q;
  put_get(state, q);
}
BENCHMARK(unbounded_put_get);

void simple_put_get(benchmark::State& state) {
  queue::SimpleQueue<std::int64_t> q;
  put_get(state, q);
}
BENCHMARK(simple_put_get);

void priority_put_get(benchmark::State& state) {
  queue::PriorityQueue<std::int64_t> q;
  put_get(state, q);
}
BENCHMARK(priority_put_get);

void put_get_task_done(benchmark::State& state) {
  queue::Queue<std::int64_t> q;
  for (auto _ : state) {
    q.put(1);
    benchmark::DoNotOptimize(q.get());
    q.task_done();
  }
  q.join();
}
BENCHMARK(put_get_task_done);

void future_set_result(benchmark::State& state) {
  for (auto _ : state) {
    const futures::Future<std::int64_t> future;
    future.set_result(1);
    benchmark::DoNotOptimize(future.result());
  }
}
BENCHMARK(future_set_result);

void submit(benchmark::State& state) {
  futures::ThreadPoolExecutor executor(1);
  for (auto _ : state) benchmark::DoNotOptimize(executor.submit([] { return 1; }));
}
BENCHMARK(submit);

}  // namespace
