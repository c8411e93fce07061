// asyncio.StreamReader: what a connection receives, to be read by coroutines.
#pragma once
#include <cstddef>
#include <exception>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/asyncio/transports.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

// The end came before all that was asked for.
// Spec     asyncio.stream-reader.readexactly.end
class TANDEM_API IncompleteReadError : public EOFError {
 public:
  IncompleteReadError(std::string partial, std::optional<std::size_t> expected);
  const std::string& partial() const noexcept { return *partial_; }  // what there was
  std::optional<std::size_t> expected() const noexcept { return expected_; }

 private:
  std::shared_ptr<const std::string> partial_;  // shared: copying an exception must not throw
  std::optional<std::size_t> expected_;
};

// More came before the separator than the limit.
// Spec     asyncio.stream-reader.readuntil.limit
class TANDEM_API LimitOverrunError : public std::runtime_error {
 public:
  LimitOverrunError(const std::string& message, std::size_t consumed)
      : std::runtime_error(message), consumed_(consumed) {}
  std::size_t consumed() const noexcept { return consumed_; }  // in how many there is no separator

 private:
  std::size_t consumed_;
};

namespace detail {
class ReaderState;
}

// Bytes that come in, in order. A handle: copies are the same reader.
//
// It holds about twice its limit, then its transport stops to receive until some was read: a peer
// that sends faster than is read has to wait. One coroutine reads at a time. A read that is
// cancelled has taken nothing (but for read() to the end, whose blocks are gone).
// Throws   of all reads: what set_exception() was given, as ConnectionResetError; RuntimeError
//          (another coroutine waits already).
// Threads  the loop's only.
// Spec     asyncio.stream-reader
class TANDEM_API StreamReader {
 public:
  // Of the running loop, else of the one that is set for this thread.
  //   limit  of what readline() and readuntil() may return, without the separator
  // Throws   ValueError (zero or less); RuntimeError (no loop).
  explicit StreamReader(std::ptrdiff_t limit = default_limit);
  StreamReader(std::ptrdiff_t limit, const EventLoop& loop);

  // Up to n bytes: what is there, waiting for the first one; nothing: the end. Negative: all, until
  // the end.
  // Spec     asyncio.stream-reader.read
  Coroutine<std::string> read(std::ptrdiff_t n = -1) const;
  // With its newline, which the last line may lack; nothing: the end.
  // Throws   ValueError (longer than the limit; its bytes are gone).
  // Spec     asyncio.stream-reader.readline
  Coroutine<std::string> readline() const;
  // n bytes.
  // Throws   IncompleteReadError (the end; what there was is gone); ValueError (negative).
  // Spec     asyncio.stream-reader.readexactly
  Coroutine<std::string> readexactly(std::ptrdiff_t n) const;
  // Up to the separator, and with it; of several that whose end comes first.
  // Throws   IncompleteReadError (the end; what there was is gone); LimitOverrunError (nothing was
  //          taken); ValueError (no separator, or an empty one).
  // Spec     asyncio.stream-reader.readuntil
  Coroutine<std::string> readuntil(std::string separator = "\n") const;
  Coroutine<std::string> readuntil(std::vector<std::string> separators) const;
  // Python's `async for`: while (auto line = co_await reader.anext()). None: the end.
  // Spec     asyncio.stream-reader.lines
  Coroutine<std::optional<std::string>> anext() const;
  // The end was fed, and nothing is left.
  bool at_eof() const noexcept;

  // The other side, for protocols.
  void feed_data(std::string_view data) const;
  void feed_eof() const;
  std::exception_ptr exception() const noexcept;
  void set_exception(std::exception_ptr error) const;
  void set_transport(const Transport& transport) const;

  // Identity.
  friend bool operator==(const StreamReader&, const StreamReader&) = default;
  explicit StreamReader(std::shared_ptr<detail::ReaderState> state) noexcept;
  const std::shared_ptr<detail::ReaderState>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<detail::ReaderState> state_;
};
// Python's repr: <StreamReader 4 bytes eof>
TANDEM_API std::string to_string(const StreamReader& reader);
TANDEM_API std::ostream& operator<<(std::ostream& out, const StreamReader& reader);

}  // namespace tandem::inline v1::asyncio
