// What communicate() keeps from one call to the next.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "platform/pipe.hpp"
#include "subprocess/pipe_file.hpp"

namespace tandem::inline v1::subprocess::detail {

struct PopenState;

// So that so many more bytes find room, and those that come after them without being copied often.
void make_room(std::string& bytes, std::size_t size);
// What has come does not keep the room for much more.
void give_back_room(std::string& bytes);

// The leave to make a pipe wider: a few in a process have it at a time, since what the system lets a
// user have is shared by all his processes.
class WidePipe {
 public:
  WidePipe() = default;
  WidePipe(const WidePipe&) = delete;
  WidePipe& operator=(const WidePipe&) = delete;
  ~WidePipe() { give_back(); }

  bool take() noexcept;
  void give_back() noexcept;

 private:
  bool taken_ = false;
};

// Bytes as they come from a stream, read to where they stay.
class Collector {
 public:
  void begin(ReadAhead ahead) {
    decoded_ = std::move(ahead.text);
    bytes_ = std::move(ahead.bytes);
  }
  // One read. Its count is zero at the end.
  platform::Transfer read_from(int handle);
  // The pipe has the size that the user has asked for: it stays so.
  void keep_pipe_size() noexcept { widens_ = false; }

  bool empty() const noexcept { return decoded_.empty() && bytes_.empty(); }
  std::string copy() const { return decoded_ + bytes_; }
  // What has come since begin() told what was decoded already.
  std::string take();
  std::string take_decoded() noexcept { return std::exchange(decoded_, {}); }

 private:
  void ask_for_more(int handle) noexcept;

  std::string decoded_, bytes_;
  WidePipe wide_;
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
