// What a program says, line by line, also when it ends badly.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

inline void say(const std::string& text) {
  const std::string line = text + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
}
