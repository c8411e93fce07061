// The parent's end of a child's stream: Python's file objects Popen.stdin, stdout, stderr.
#pragma once
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::subprocess {

namespace detail {
struct PipeFileAccess;  // the library's own way into a PipeFile
}  // namespace detail

// A stream of bytes or, in text mode, of text: UTF-8 in which each kind of newline has become "\n".
// Pinned: it belongs to its Popen, and keeps its address when that is moved.
// Throws   ValueError (closed); UnsupportedOperation (of the other direction); BrokenPipeError and
//          other OSErrors; UnicodeDecodeError, UnicodeEncodeError, LookupError (text mode: what is
//          no text in its encoding; its `errors` is no name that is known).
// Threads  any number at once: one call after the other, but closed() and fileno() wait for nobody.
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

  // `size` bytes (characters in text mode), fewer only at the end; none given: all. Without a
  // buffer what one read of the system gives.
  std::string read(std::optional<std::size_t> size = {});
  // With its newline, which the last line may lack. None: the end.
  std::optional<std::string> readline();
  std::vector<std::string> readlines();

  // Returns how many bytes (characters in text mode) were written or are buffered: all; without a
  // buffer and of bytes what one write of the system takes.
  std::size_t write(std::string_view text);
  template <std::ranges::input_range R>
  requires std::convertible_to<std::ranges::range_reference_t<R>, std::string_view>
  void writelines(R&& lines) {
    refuse_closed();
    for (auto&& line : lines) write(line);
  }
  void writelines(std::initializer_list<std::string_view> lines) {
    writelines<const std::initializer_list<std::string_view>&>(lines);
  }
  // What could not be written is kept, and tried again by the next flush() or close().
  void flush();

  // Flushes first, and is closed even where that fails. May be called again.
  void close();
  bool closed() const;
  // The system's number of the stream.
  int fileno() const;

  iterator begin();
  std::default_sentinel_t end() const { return {}; }

  // Python's repr: "<_io.TextIOWrapper name=3 encoding='utf-8'>".
  TANDEM_API friend std::string to_string(const PipeFile& file);
  friend std::ostream& operator<<(std::ostream& out, const PipeFile& file) {
    return out << to_string(file);
  }

 private:
  friend struct detail::PipeFileAccess;
  struct State;
  explicit PipeFile(std::unique_ptr<State> state);
  void refuse_closed() const;

  std::unique_ptr<State> state_;
};

}  // namespace tandem::inline v1::subprocess
