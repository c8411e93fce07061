// Python's os.popen.
#pragma once
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/subprocess/popen.hpp"

namespace tandem::inline v1::os {

// Python's arguments of popen() after the command.
struct PopenOptions {
  std::string mode = "r";  // "r": reads what the command writes; "w": writes what it reads
  // 1: by lines; larger: by so many bytes; negative: the default, a buffer of some kilobytes
  int buffering = -1;
};

// One end of a pipe, and the command at its other end. Text: each kind of newline is read as "\n".
// Move-only; of a Pipe that was moved from all members throw RuntimeError. The end of its scope is
// the end of Python's `with`: it closes the pipe and waits for the command.
// Throws   as subprocess::PipeFile.
// Threads  any number at once, but for moves, the destructor and assignment.
// Spec     os.popen
class TANDEM_API Pipe {
 public:
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  Pipe(Pipe&& other) noexcept = default;
  Pipe& operator=(Pipe&& other) noexcept;
  ~Pipe();

  std::string read(std::optional<std::size_t> size = {}) { return file().read(size); }
  std::optional<std::string> readline() { return file().readline(); }
  std::vector<std::string> readlines() { return file().readlines(); }
  std::size_t write(std::string_view text) { return file().write(text); }
  template <class R>
  void writelines(R&& lines) {
    file().writelines(std::forward<R>(lines));
  }
  void writelines(std::initializer_list<std::string_view> lines) { file().writelines(lines); }
  void flush() { file().flush(); }
  bool closed() const { return file().closed(); }
  int fileno() const { return file().fileno(); }

  // Closes the pipe and waits for the command. Nothing when that succeeded; otherwise its exit code
  // times 256, or minus the number of the signal that has ended it times 256. May be called again.
  // Throws   BrokenPipeError (the command did not read all): before it waits; call it again for
  //          the status.
  // Spec     os.popen.close
  std::optional<int> close();

  // for (const std::string& line : pipe)
  subprocess::PipeFile::iterator begin() { return file().begin(); }
  std::default_sentinel_t end() const { return {}; }

  // Python's repr: "<os._wrap_close object at 0x…>".
  TANDEM_API friend std::string to_string(const Pipe& pipe);
  friend std::ostream& operator<<(std::ostream& out, const Pipe& pipe) {
    return out << to_string(pipe);
  }

 private:
  friend TANDEM_API Pipe popen(std::string command, PopenOptions options);
  Pipe(std::unique_ptr<subprocess::Popen> child, bool writes)
      : child_(std::move(child)), writes_(writes) {}
  subprocess::Popen& child() const;
  subprocess::PipeFile& file() const;
  void end_of_scope() noexcept;

  std::unique_ptr<subprocess::Popen> child_;  // null: moved from
  bool writes_;
};

// Has a shell run the command, with a pipe to or from it.
// Throws   ValueError (mode, buffering 0, a zero byte in the command); OSError (no shell could be
//          started).
// Threads  any number at once.
// Spec     os.popen
TANDEM_API Pipe popen(std::string command, PopenOptions options = {});

}  // namespace tandem::inline v1::os
