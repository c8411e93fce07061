// Memory that is there, not only promised: what a fork() has to copy the tables of.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <fstream>
#include <limits>
#include <string>

#include "checksum.hpp"

namespace bench {

// In small pages, whatever the system likes: large ones would make a fork() cheap here and not
// there.
class Resident {
 public:
  explicit Resident(std::size_t size) : size_(size) {
    constexpr std::size_t page = 4096, spare = std::size_t{256} << 20;
    if (const std::size_t available = available_memory(); available < size_ + spare)
      throw Broken("not enough memory for this row: " + std::to_string(available >> 20) +
                   " MiB are available, " + std::to_string((size_ + spare) >> 20) + " needed");
    memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw Broken("no memory");
    ::madvise(memory_, size_, MADV_NOHUGEPAGE);
    for (std::size_t at = 0; at < size_; at += page) static_cast<volatile char*>(memory_)[at] = 1;
  }
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;
  ~Resident() { ::munmap(memory_, size_); }

 private:
  static std::size_t available_memory() {
    std::ifstream file("/proc/meminfo");
    for (std::string name; file >> name;) {
      std::size_t kibibytes = 0;
      if (name == "MemAvailable:" && file >> kibibytes) return kibibytes << 10;
      file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return std::numeric_limits<std::size_t>::max() / 2;  // nobody says
  }

  std::size_t size_;
  void* memory_;
};

}  // namespace bench
