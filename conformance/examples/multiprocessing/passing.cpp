// The document's multiprocessing.Queue (line 526). A list of different things is a tuple here.
#include <iostream>
#include <string>
#include <tandem/multiprocessing.hpp>
#include <tuple>
#include <variant>

namespace multiprocessing = tandem::multiprocessing;

using Item = std::tuple<int, std::monostate, std::string>;

void f(const multiprocessing::Queue<Item>& q) { q.put({11, {}, "lily"}); }

int main(int argc, char** argv) {
  multiprocessing::freeze_support(argc, argv);
  multiprocessing::Queue<Item> q;
  multiprocessing::Process p(f, q);
  p.start();
  const auto [number, none, name] = q.get();
  std::cout << "[" << number << ", None, '" << name << "']\n";
  p.join();
}
