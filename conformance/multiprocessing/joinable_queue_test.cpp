// multiprocessing.JoinableQueue
#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using mp::JoinableQueue;
using mp::Semaphore;
using Maybe = std::optional<int>;

namespace {

bool acquired(const Semaphore& semaphore) {
  return semaphore.acquire({.timeout = times::must_not_expire});
}
bool acquired_soon(const Semaphore& semaphore) {
  return semaphore.acquire({.timeout = times::brief});
}

void work(const JoinableQueue<Maybe>& q, const mp::Queue<int>& results) {
  while (const Maybe number = q.get()) {
    results.put(*number * *number);
    q.task_done();
  }
  q.task_done();
}

void join_and_tell(const JoinableQueue<int>& q, const Semaphore& ready, const Semaphore& joined) {
  ready.release();
  q.join();
  joined.release();
}

}  // namespace

CASE("multiprocessing.joinable-queue.join.waits", "until all is done") {
  const JoinableQueue<int> q;
  const Semaphore joined(0);
  for (int number = 0; number < 3; ++number) q.put(number);
  Blocked blocked([&] {
    q.join();
    joined.release();
  });
  for (int number = 0; number < 3; ++number) {
    q.get();
    log(acquired_soon(joined));
    q.task_done();
  }
  log(acquired(joined));
  blocked.join();
}

CASE("multiprocessing.joinable-queue.join.nothing", "at once where nothing is to do") {
  const JoinableQueue<int> q;
  q.join();
  q.put(1);
  log(q.get());
  q.task_done();
  q.join();
  q.join();
}

CASE("multiprocessing.joinable-queue.task-done.too-many", "not oftener than items were put") {
  const JoinableQueue<int> q;
  const auto done = [&] { q.task_done(); };
  log(raised(done));
  q.put(1);
  q.get();
  Log{raised(done), raised(done)};
}

CASE("multiprocessing.joinable-queue.is-a-queue", "bounds, order, sizes") {
  const JoinableQueue<std::string> q(2);
  Log{q.full(), q.empty(), q.qsize(),
      std::is_base_of_v<mp::Queue<std::string>, JoinableQueue<std::string>>};
  q.put("first");
  q.put("second");
  Log{q.full(), q.qsize(), raised([&] { q.put("third", {.timeout = times::brief}); }),
      raised([&] { q.put_nowait("third"); })};
  Log{q.get(), q.get(), raised([&] { q.get_nowait(); }),
      raised([&] { q.get({.timeout = times::brief}); })};
}

CASE("multiprocessing.joinable-queue.processes.crosses", "put here, done there") {
  each_method([](const mp::Context& context) {
    const JoinableQueue<Maybe> q(context);
    const mp::Queue<int> results(context);
    std::vector<mp::Process> workers;
    for (int i = 0; i < 3; ++i) workers.push_back(started(context, work, q, results));
    for (int number = 0; number < 20; ++number) q.put(number);
    q.join();
    std::vector<int> got, wanted;
    for (int number = 0; number < 20; ++number) {
      got.push_back(results.get());
      wanted.push_back(number * number);
    }
    std::sort(got.begin(), got.end());
    log(got == wanted);
    for (int i = 0; i < 3; ++i) q.put({});
    q.join();
    log(joined(workers));
  });
}

CASE("multiprocessing.joinable-queue.join.woken", "all that wait, everywhere") {
  const mp::Context context = mp::get_context();
  const JoinableQueue<int> q(context);
  const Semaphore ready(context, 0), joined_all(context, 0);
  q.put(1);
  std::vector<mp::Process> children;
  for (int i = 0; i < 2; ++i)
    children.push_back(started(context, join_and_tell, q, ready, joined_all));
  for (int i = 0; i < 2; ++i) ready.acquire();
  Blocked blocked([&] {
    q.join();
    joined_all.release();
  });
  log(acquired_soon(joined_all));
  q.get();
  q.task_done();
  joined(children);
  blocked.join();
  log(joined_all.get_value());
}

CASE("multiprocessing.joinable-queue.refused-item", "what was refused is not waited for") {
  const JoinableQueue<int> q(1);
  q.put(1);
  Log{raised([&] { q.put_nowait(2); }), raised([&] { q.put(3, {.timeout = times::brief}); }),
      q.get()};
  q.task_done();
  q.join();
  log(raised([&] { q.task_done(); }));
}
