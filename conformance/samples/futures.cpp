#include <cmath>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <tandem/futures.hpp>
#include "support.hpp"

using namespace std::chrono_literals;
namespace futures = tandem::futures;

void task(int num) {
  print("task", num);
  std::this_thread::sleep_for(10ms);
}

void submit_and_map() {
  {
    futures::ThreadPoolExecutor executor(2);  // with ThreadPoolExecutor(2) as executor:
    std::vector<futures::Future<void>> fs;
    for (int i : range(4)) fs.push_back(executor.submit(task, i));
  }  // the end of the scope waits, as leaving `with` does
  {
    futures::ThreadPoolExecutor executor(2);
    executor.map(task, range(4));
  }
}

void urls() {
  const std::vector<std::string> urls{"https://www.python.org/", "https://www.bbc.co.uk/",
                                      "https://nonexistent-subdomain.python.org/"};
  futures::ThreadPoolExecutor executor({.max_workers = 5, .thread_name_prefix = "fetch"});
  std::unordered_map<futures::Future<std::string>, std::string> future_to_url;
  for (const auto& url : urls) future_to_url.emplace(executor.submit(load_url, url, 60s), url);

  for (const auto& future : futures::as_completed(future_to_url, 90s)) {
    const auto& url = future_to_url.at(future);
    try {
      print(url, "page is", future.result().size(), "bytes");
    } catch (const std::exception& exc) {
      print(url, "generated an exception:", exc.what());
    }
  }
}

void a_future() {
  futures::ThreadPoolExecutor executor(1);
  auto future = executor.submit([](double x, double y) { return std::pow(x, y); }, 2, 10);
  future.add_done_callback(
      [](const futures::Future<double>& f) { print("the callback has", f.result()); });
  print(future.result(5s), future.done(), future.cancelled());

  print(executor.submit(load_url, "https://docs.python.org/", 1s).result().size());

  futures::Future<int> pending;  // Future(): pending until it is set
  print("done:", pending.done());
  pending.set_result(42);
  print(pending.result());
}

void waiting() {
  futures::ThreadPoolExecutor executor(2);
  auto quick = executor.submit(is_prime, 97);
  auto slow = executor.submit(load_url, "https://python.org/", 5s);

  auto [done, not_done] =
      futures::wait({quick, slow}, {.timeout = 5s, .return_when = futures::FIRST_COMPLETED});
  print(done.size(), "done,", not_done.size(), "not");
  if (done.contains(quick)) print("97 is prime:", quick.result());
  futures::wait({quick, slow});

  executor.shutdown({.wait = true, .cancel_futures = true});
}

void several_iterables() {
  futures::ThreadPoolExecutor threads(2);
  auto add = [](int a, int b) { return a + b; };
  for (int sum : threads.map(add, range(4), range(4), {.timeout = 5s})) print(sum);
}

int main() {
  submit_and_map();
  urls();
  a_future();
  waiting();
  several_iterables();
}
