// The document's Process (line 474).
#include <iostream>
#include <string>
#include <tandem/multiprocessing.hpp>

using tandem::multiprocessing::Process;

void print(const std::string& text) { std::cout << text << '\n'; }

int main(int argc, char** argv) {
  tandem::multiprocessing::freeze_support(argc, argv);
  Process process({.target = tandem::call(print, "Hello World")});
  process.start();  // Start the process
  process.join();   // Wait for the process to finish
  std::cout << "exitcode: " << process.exitcode().value() << '\n';
  process.close();  // Close the process
}
