// What the programs that end too early for their work share.
#pragma once

#include <chrono>
#include <iostream>
#include <string>

#include "tandem/futures.hpp"
#include "tandem/threading.hpp"

namespace futures = tandem::futures;

// A pool that nobody destroys. Not static: a compiler may leave out what nobody reads, and then the
// pool is a leak.
extern futures::ThreadPoolExecutor* pool;

// Prints the text when the main thread has had the time to leave main().
inline void late(const std::string& text) {
  tandem::threading::Event().wait(std::chrono::milliseconds(50));
  std::cout << text << std::endl;
}
