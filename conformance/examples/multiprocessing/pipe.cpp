// The document's Pipe (line 553), and the other things that it says of pipes.
#include <iostream>
#include <string>
#include <tandem/multiprocessing.hpp>
#include <tuple>
#include <variant>

namespace multiprocessing = tandem::multiprocessing;
using multiprocessing::Connection;

using Item = std::tuple<int, std::monostate, std::string>;

void f(const Connection& conn) {
  conn.send(Item(11, {}, "lily"));
  conn.close();
}

template <class Act>
void refused(Act act) {
  try {
    act();
  } catch (const tandem::OSError& error) {
    std::cout << "OSError: " << error.what() << '\n';
  }
}

int main(int argc, char** argv) {
  multiprocessing::freeze_support(argc, argv);
  const auto [conn1, conn2] = multiprocessing::Pipe();
  multiprocessing::Process p(f, conn2);
  p.start();
  const auto [number, none, name] = conn1.recv<Item>();
  std::cout << "[" << number << ", None, '" << name << "']\n";
  p.join();
  conn2.close();
  try {
    conn1.recv<Item>();
  } catch (const tandem::EOFError&) {
    std::cout << "EOFError\n";
  }

  const auto ends = multiprocessing::Pipe(false);
  const auto& [reader, writer] = ends;
  writer.send("one way");
  std::cout << reader.recv<std::string>() << '\n';
  refused([&] { ends.first.send("the other"); });
  refused([&] { ends.second.recv<std::string>(); });
}
