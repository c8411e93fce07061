#include <string>
#include <tandem/asyncio.hpp>
#include <tandem/futures.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "support.hpp"

using namespace std::chrono_literals;
namespace asyncio = tandem::asyncio;
namespace futures = tandem::futures;

asyncio::Coroutine<> hello() {  // async def hello():
  print("Hello");
  co_await asyncio::sleep(10ms);
  print("World");
}

asyncio::Coroutine<int> nested() { co_return 42; }

asyncio::Coroutine<> create_task() {
  auto task = asyncio::create_task(nested());
  // "task" can now be used to cancel "nested()", or
  // can simply be awaited to wait until it is complete:
  print(co_await task);
  print(co_await nested());
}

asyncio::Coroutine<int> foo() { co_return 42; }

asyncio::Coroutine<> wait() {
  auto task = asyncio::create_task(foo());
  auto [done, pending] = co_await asyncio::wait({task});
  if (done.contains(task)) print("done:", task.result());
}

asyncio::Coroutine<std::string> say_after(std::chrono::milliseconds delay, std::string what) {
  co_await asyncio::sleep(delay);
  print(what);
  co_return what;
}

asyncio::Coroutine<> first_completed() {
  std::vector tasks{asyncio::create_task(say_after(10ms, "quick")),
                    asyncio::create_task(say_after(1h, "slow"), "the slow one")};
  auto [done, pending] =
      co_await asyncio::wait(tasks, {.timeout = 5s, .return_when = asyncio::FIRST_COMPLETED});
  for (const auto& task : done) print("first:", task.result());
  for (const auto& task : pending) task.cancel();
}

asyncio::Coroutine<long> factorial(std::string name, int number) {
  long f = 1;
  for (int i = 2; i <= number; ++i) {
    print("Task", name, "compute factorial", number, "currently", i);
    co_await asyncio::sleep(5ms);
    f *= i;
  }
  co_return f;
}

asyncio::Coroutine<int> failing() {
  co_await asyncio::sleep(1ms);
  throw tandem::ValueError("no number");
}

asyncio::Coroutine<> gather() {
  auto [a, b, c] =
      co_await asyncio::gather(factorial("A", 2), factorial("B", 3), factorial("C", 4));
  print(a, b, c);

  auto task = asyncio::create_task(nested());
  co_await asyncio::gather(asyncio::sleep(10ms), task);  // anything awaitable, of any type

  auto [good, bad] = co_await asyncio::gather(asyncio::return_exceptions, nested(), failing());
  print("good:", good.result(), "bad:", static_cast<bool>(bad));

  std::vector<asyncio::Coroutine<long>> all;
  for (int i : range(4)) all.push_back(factorial("many", i));
  for (long f : co_await asyncio::gather(std::move(all))) print(f);
}

asyncio::Coroutine<> timeouts() {
  try {
    co_await asyncio::wait_for(say_after(1h, "yay!"), 10ms);
  } catch (const asyncio::TimeoutError&) {
    print("timeout!");
  }

  auto task = asyncio::create_task(say_after(1h, "never"));
  co_await asyncio::sleep(1ms);
  task.cancel();
  try {
    co_await task;
  } catch (const asyncio::CancelledError&) {  // not a std::exception
    print("cancelled");
  }
}

asyncio::Coroutine<> task_group() {
  asyncio::TaskGroup group;  // async with asyncio.TaskGroup() as tg:
  auto [task1, task2] = co_await asyncio::with(group, [](asyncio::TaskGroup& tg) {
    return std::pair(tg.create_task(say_after(10ms, "hello")),
                     tg.create_task(say_after(20ms, "world")));
  });
  print("Both tasks have completed now:", task1.result(), task2.result());
}

asyncio::Coroutine<> worker(std::string name, asyncio::Queue<std::chrono::milliseconds>& q) {
  for (;;) {
    auto sleep_for = co_await q.get();
    co_await asyncio::sleep(sleep_for);
    q.task_done();
    print(name, "has slept for", sleep_for.count(), "milliseconds");
  }
}

asyncio::Coroutine<> queue() {
  asyncio::Queue<std::chrono::milliseconds> q;
  for (int i : range(10)) q.put_nowait(std::chrono::milliseconds(i));

  std::vector<asyncio::Task<>> tasks;
  for (int i : range(3))
    tasks.push_back(asyncio::create_task(worker("worker-" + std::to_string(i), q)));
  co_await q.join();

  for (const auto& task : tasks) task.cancel();
  co_await asyncio::gather(asyncio::return_exceptions, tasks);
}

std::string blocking_io() {
  std::this_thread::sleep_for(10ms);
  return "from a thread";
}

asyncio::Coroutine<> threads() {
  asyncio::Lock lock;
  {
    auto guard = co_await asyncio::with(lock);  // async with lock:
    print(co_await asyncio::to_thread(blocking_io));
  }
  futures::ThreadPoolExecutor executor(2);
  auto loop = asyncio::get_running_loop();
  print(co_await loop.run_in_executor(executor, is_prime, 97));
}

int main() {
  asyncio::run(hello());
  asyncio::run(create_task());
  asyncio::run(wait());
  asyncio::run(first_completed());
  asyncio::run(gather());
  asyncio::run(timeouts());
  asyncio::run(task_group());
  asyncio::run(queue());
  asyncio::run(threads());
}
