// The parent's end of a child's stream: Python's file objects Popen.stdin, stdout, stderr.
#pragma once
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::subprocess {

namespace detail {
struct PipeFileAccess;  // the library's own way into a PipeFile
}  // namespace detail

// A stream of bytes or, in text mode, of text. Pinned: it belongs to its Popen, and keeps its
// address when that is moved.
// Throws   ValueError (closed); OSError (of the other direction, of the system: BrokenPipeError);
//          UnicodeDecodeError (text mode).
// Threads  any number at once, as Python's buffered files: one call after the other.
// Spec     subprocess.pipe-file
class TANDEM_API PipeFile {
 public:
  // for (const std::string& line : file): each with its newline.
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    const std::string& operator*() const { return *line_; }
    const std::string* operator->() const { return &*line_; }
    iterator& operator++() {
      line_ = file_->readline();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !line_; }

   private:
    friend PipeFile;
    explicit iterator(PipeFile* file) : file_(file) { ++*this; }

    PipeFile* file_ = nullptr;
    std::optional<std::string> line_;
  };

  PipeFile(const PipeFile&) = delete;
  PipeFile& operator=(const PipeFile&) = delete;
  // Flushes and closes; what goes wrong is lost.
  ~PipeFile();

  // At most `size` bytes (characters in text mode), fewer only at the end; none given: all.
  std::string read(std::optional<std::size_t> size = {});
  // With its newline, which the last line may lack. None: the end.
  std::optional<std::string> readline();
  std::vector<std::string> readlines();
  // Returns how much was written: all of it.
  std::size_t write(std::string_view text);
  void flush();
  // Flushes first. May be called again.
  void close();
  bool closed() const;
  // The system's number of the stream.
  int fileno() const;

  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  friend struct detail::PipeFileAccess;
  struct State;
  explicit PipeFile(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace tandem::inline v1::subprocess
