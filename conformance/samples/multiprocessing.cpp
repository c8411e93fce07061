#include <mutex>
#include <string>
#include <tandem/multiprocessing.hpp>
#include <tandem/os.hpp>
#include <tuple>
#include <vector>

#include "support.hpp"

using namespace std::chrono_literals;
using namespace std::string_literals;
namespace mp = tandem::multiprocessing;
using tandem::call;

void hello_world() {
  mp::Process process({.target = call(print, "Hello World")});
  process.start();
  process.join();
  print("exitcode:", *process.exitcode());
  process.close();
}

void info(const std::string& title) { print(title, "process id:", tandem::os::getpid()); }

void many() {
  info("main line");
  std::vector<mp::Process> processes;
  for (int i : range(3)) processes.emplace_back(info, "child " + std::to_string(i));
  for (auto& p : processes) p.start();
  for (auto& p : processes) p.join();

  const std::vector<int> data = range(1000);
  auto forked = mp::get_context("fork").Process(
      [&] { print("sees", data.size(), "numbers"); });  // fork copies on write
  forked.start();
  forked.join();
}

int square(int x) { return x * x; }

void pool() {
  mp::Pool pool(4);
  pool.map(print, range(5));
  for (int y : pool.map(square, {1, 2, 3})) print(y);

  for (int i : range(5)) pool.apply_async(print, i);
  auto result = pool.apply_async(square, 20);
  print(result.get(1s));
  print(pool.apply(square, 10));
  pool.apply_async(call(square, 30), {.callback = print});

  for (int y : pool.imap(square, range(10))) print(y);
  try {
    pool.map_async(square, range(10)).get(5s);
  } catch (const mp::TimeoutError&) {
    print("too slow");
  }

  pool.close();
  pool.join();
}

void fill(const mp::Queue<List>& q) { q.put({11, None, "lily"}); }

void queue() {
  mp::Queue<List> q;
  mp::Process p({.target = call(fill, q)});
  p.start();
  print(repr(q.get()));  // [11, None, 'lily']
  p.join();
}

void answer(const mp::Connection& conn) {
  conn.send(List{11, None, "lily"});
  conn.send(std::tuple(42, "hello"s));
  conn.close();
}

void pipe() {
  auto [conn1, conn2] = mp::Pipe();
  mp::Process p({.target = call(answer, conn2)});
  p.start();
  print(repr(conn1.recv<List>()));  // [11, None, 'lily']
  auto [number, word] = conn1.recv<std::tuple<int, std::string>>();
  print(number, word);
  p.join();
}

void print_locked(const mp::Lock& lock, int i) {
  std::scoped_lock guard(lock);  // with lock:
  print("hello world", i);
}

void locks() {
  mp::Lock lock;
  std::vector<mp::Process> processes;
  for (int num : range(10)) processes.emplace_back(print_locked, lock, num);
  for (auto& p : processes) p.start();
  for (auto& p : processes) p.join();
}

void change(const mp::Value<double>& n, const mp::Array<int>& a) {
  std::scoped_lock guard(n.get_lock());
  n.value() = 3.1415927;
  for (int& x : a) x = -x;
}

void shared_memory() {
  mp::Value<double> num(0.0);
  mp::Array<int> arr(range(10));
  mp::Process p(change, num, arr);
  p.start();
  p.join();
  print(num.value(), arr[9]);
}

void contexts() {
  auto ctx = mp::get_context("spawn");
  auto p = ctx.Process(print, "a fresh process");
  p.start();
  p.join();
}

int main(int argc, char** argv) {
  mp::freeze_support(argc, argv);  // first in main: a spawned child does not return from it
  if (argc > 1) mp::set_start_method(argv[1]);
  hello_world();
  many();
  pool();
  queue();
  pipe();
  locks();
  shared_memory();
  contexts();
}
