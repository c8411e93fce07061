// What all handles on a StreamReader share.
#pragma once
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/asyncio/stream_reader.hpp"

namespace tandem::inline v1::asyncio::detail {

// Bytes that are appended, and taken from the front.
class ByteBuffer {
 public:
  std::size_t size() const noexcept { return bytes_.size() - begin_; }
  bool empty() const noexcept { return size() == 0; }
  std::string_view view() const noexcept { return std::string_view(bytes_).substr(begin_); }
  void append(std::string_view data) {
    if (begin_ > 0 && begin_ >= bytes_.size() / 2) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
    bytes_.append(data);
  }
  std::string take(std::size_t count) {
    if (count >= size() && begin_ == 0) return std::exchange(bytes_, {});
    std::string taken(view().substr(0, count));
    drop(taken.size());
    return taken;
  }
  void drop(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ < bytes_.size()) return;
    bytes_.clear();
    begin_ = 0;
  }
  void clear() noexcept { drop(size()); }

 private:
  std::string bytes_{};
  std::size_t begin_ = 0;
};

// CPython's StreamReader, step by step.
class ReaderState {
 public:
  ReaderState(std::ptrdiff_t limit, const EventLoop& loop);

  // Each keeps the state.
  static Coroutine<std::string> read(std::shared_ptr<ReaderState> self, std::ptrdiff_t n);
  static Coroutine<std::string> readline(std::shared_ptr<ReaderState> self);
  static Coroutine<std::string> readexactly(std::shared_ptr<ReaderState> self, std::ptrdiff_t n);
  static Coroutine<std::string> readuntil(std::shared_ptr<ReaderState> self,
                                          std::vector<std::string> separators);

  bool at_eof() const noexcept { return eof_ && buffer_.empty(); }
  void feed_data(std::string_view data);
  void feed_eof();
  const std::exception_ptr& exception() const noexcept { return exception_; }
  void set_exception(std::exception_ptr error);
  void set_transport(const Transport& transport);
  std::string to_string() const;

 private:
  // Of one readuntil().
  struct Search {
    std::span<const std::string> separators;  // the shortest first
    std::size_t offset = 0;                   // before it there is none
  };
  enum class Found { not_yet, separator, too_long_before, too_long };
  // Where the separator begins and ends; or how many bytes were searched.
  struct Place {
    Found found;
    std::size_t begin = 0, end = 0;
  };
  class Waiting;

  Place look(Search& search) const;
  // Who reads has to wait for this. Resets the waiter at its end.
  Waiting wait(const char* name);
  void check_exception() const {
    if (exception_) std::rethrow_exception(exception_);
  }
  void wake();
  void resume_if_read();

  const EventLoop loop_;
  const std::size_t limit_;
  ByteBuffer buffer_{};
  bool eof_ = false, paused_ = false;
  std::optional<Future<>> waiter_{};
  std::exception_ptr exception_{};
  Transport transport_{};
};

}  // namespace tandem::inline v1::asyncio::detail
