// What the peers that are descriptors share. Both sides know how long a message is: so there is no
// head to be read first, and what remains is the least that there is to do.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>
#include <vector>

#include "../../harness/message_rows.hpp"

namespace bench {

inline void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) throw Broken("a write failed");
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

inline void read_all(int fd, char* bytes, std::size_t size) {
  for (std::size_t got = 0; got < size;) {
    const ssize_t count = ::read(fd, bytes + got, size - got);
    if (count == 0 || (count < 0 && errno != EINTR)) throw Broken("a read failed");
    if (count > 0) got += static_cast<std::size_t>(count);
  }
}

// Reads from one descriptor, writes to another, or the same.
class Descriptors {
 public:
  explicit Descriptors(std::size_t longest) : buffer_(longest < kNumber ? kNumber : longest) {}
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  ~Descriptors() {
    for (const int fd : {in_, out_ == in_ ? -1 : out_})
      if (fd != -1) ::close(fd);
  }

  void send(std::string_view message) { write_all(out_, message); }
  std::string_view receive(std::size_t size) {
    read_all(in_, buffer_.data(), size);
    return {buffer_.data(), size};
  }

 protected:
  void use(int in, int out) { in_ = in, out_ = out; }
  int in() const { return in_; }
  int out() const { return out_; }
  char* buffer() { return buffer_.data(); }

 private:
  std::vector<char> buffer_;
  int in_ = -1, out_ = -1;
};

}  // namespace bench
