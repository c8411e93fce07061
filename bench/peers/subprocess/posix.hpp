// What the peers that use the system alone share.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "../../harness/process_rows.hpp"

namespace bench {

// As exec wants them.
inline std::vector<char*> pointers(const Words& words) {
  std::vector<char*> list;
  for (const auto& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

inline int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -WTERMSIG(wait_status);
}

inline int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) == -1)
    if (errno != EINTR) throw Broken("no such child");
  return status_of(status);
}

// Memory that is read into at its end. It grows by realloc(), which moves large memory without
// copying it: nothing that stores was found to be quicker.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { std::free(memory_); }

  char* room(std::size_t size) {
    if (size_ + size > capacity_) {
      capacity_ = std::max(2 * capacity_, size_ + size);
      void* grown = std::realloc(memory_, capacity_);
      if (!grown) throw std::bad_alloc();
      memory_ = static_cast<char*>(grown);
    }
    return memory_ + size_;
  }
  void add(std::size_t count) { size_ += count; }
  std::string_view view() const { return {memory_, size_}; }

  // One read. False: that was the end.
  bool read_from(int fd) {
    const auto count = ::read(fd, room(kBlock), kBlock);
    if (count < 0 && errno != EINTR) throw Broken("a pipe could not be read");
    add(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return count != 0;
  }

 private:
  char* memory_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace bench
