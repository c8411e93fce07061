#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <tandem/threading.hpp>
#include "support.hpp"

using namespace std::chrono_literals;
namespace threading = tandem::threading;
using tandem::call;

void process(int count) {
  for (int i : range(count)) {
    std::this_thread::sleep_for(10ms);
    print(i);
  }
}

void counting() {
  threading::Thread thread({.target = call(process, 5)});  // Thread(target=process, args=(5,))
  thread.start();
  print("thread status:", thread.is_alive());
  thread.join();
  print("I am main thread");
}

void crawling() {
  const std::vector<std::string> links{"https://python.org", "https://docs.python.org",
                                       "https://peps.python.org"};
  std::vector<threading::Thread> threads;
  for (const auto& link : links) threads.emplace_back(crawl, link, 20ms);
  for (auto& t : threads) t.start();
  for (auto& t : threads) t.join();
}

void options() {
  threading::Thread t({.target = call(crawl, "https://www.python.org", 50ms), .name = "crawler"});
  t.daemon(true);
  t.start();
  t.join(10ms);
  if (t.is_alive()) print(t.name(), "is still crawling");
  t.join();

  for (const auto& thread : threading::enumerate())
    print(thread.name(), thread == threading::current_thread() ? "(this one)" : "");
}

class Ticker : public threading::Thread {
 public:
  explicit Ticker(std::string word) : word_(std::move(word)) {}
  void stop() { stop_.set(); }

 protected:
  void run() override {
    while (!stop_.wait(10ms)) print(word_);
  }

 private:
  std::string word_;
  threading::Event stop_;
};

void subclass() {
  auto ticker = threading::make_thread<Ticker>("tick");
  ticker->start();
  std::this_thread::sleep_for(25ms);
  ticker->stop();
  ticker->join();
}

void locks() {
  threading::Lock lock;
  int counter = 0;
  auto increment = [&] {
    for ([[maybe_unused]] int i : range(1000)) {
      std::scoped_lock guard(lock);  // with lock:
      ++counter;
    }
  };
  std::vector<threading::Thread> threads{threading::Thread(increment),
                                         threading::Thread(increment)};
  for (auto& t : threads) t.start();
  for (auto& t : threads) t.join();
  print("counter:", counter);

  if (lock.acquire({.timeout = 100ms})) lock.release();  // lock.acquire(timeout=0.1)
  if (lock.acquire({.blocking = false})) lock.release();
}

void condition() {
  threading::Condition cv;
  std::vector<std::string> items;

  threading::Thread consumer([&] {
    std::scoped_lock guard(cv);  // with cv:
    cv.wait_for([&] { return !items.empty(); });
    print("consumed", items.back());
  });
  consumer.start();
  {
    std::scoped_lock guard(cv);
    items.push_back("an item");
    cv.notify();
  }
  consumer.join();
}

void others() {
  threading::Timer timer(20ms, print, "hello, world");
  timer.start();
  timer.join();

  threading::Barrier barrier(2, {.action = [] { print("both are ready"); }, .timeout = 5s});
  threading::Thread server([&] { barrier.wait(); });
  server.start();
  barrier.wait();
  server.join();

  threading::BoundedSemaphore connections(5);
  std::scoped_lock guard(connections);  // with connections:
}

int main() {
  counting();
  crawling();
  options();
  subclass();
  locks();
  condition();
  others();
}
