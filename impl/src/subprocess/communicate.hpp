// What communicate() keeps from one call to the next.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "platform/pipe.hpp"

namespace tandem::inline v1::subprocess::detail {

struct PopenState;

// Bytes as they come from a stream, read to where they stay.
class Collector {
 public:
  void append(const std::string& bytes) { bytes_ += bytes; }
  // One read. Its count is zero at the end.
  platform::Transfer read_from(int handle);

  bool empty() const noexcept { return bytes_.empty(); }
  std::string copy() const { return bytes_; }
  std::string take();

 private:
  void make_room(std::size_t size);

  std::string bytes_;
  std::size_t next_ = 4096;  // how much the next read asks for
};

struct Communication {
  bool started = false;
  std::string input{};   // what is to be sent, encoded
  std::size_t sent = 0;  // of it
  Collector out{}, err{};
};

}  // namespace tandem::inline v1::subprocess::detail
