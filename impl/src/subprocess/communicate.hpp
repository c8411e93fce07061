// What communicate() keeps from one call to the next.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "platform/pipe.hpp"

namespace tandem::inline v1::subprocess::detail {

struct PopenState;

// So that so many more bytes find room, and those that come after them without being copied often.
void make_room(std::string& bytes, std::size_t size);
// What little has come does not keep the room for much.
void give_back_room(std::string& bytes);

// Bytes as they come from a stream, read to where they stay.
class Collector {
 public:
  void append(const std::string& bytes) { bytes_ += bytes; }
  // One read. Its count is zero at the end.
  platform::Transfer read_from(int handle);
  // The pipe has the size that the user has asked for: it stays so.
  void keep_pipe_size() noexcept { widens_ = false; }

  bool empty() const noexcept { return bytes_.empty(); }
  std::string copy() const { return bytes_; }
  std::string take();

 private:
  void ask_for_more(int handle) noexcept;

  std::string bytes_;
  std::size_t next_ = 4096;  // how much the next read asks for
  bool widens_ = true;       // whether a pipe that is found full may be made larger
};

struct Communication {
  bool started = false;
  std::string input{};   // what is to be sent, encoded
  std::size_t sent = 0;  // of it
  Collector out{}, err{};

  void keep_pipe_sizes() noexcept { out.keep_pipe_size(), err.keep_pipe_size(); }
};

}  // namespace tandem::inline v1::subprocess::detail
