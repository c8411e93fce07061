// asyncio.StreamWriter: what a connection sends.
#pragma once
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>

#include "tandem/asyncio/stream_reader.hpp"
#include "tandem/asyncio/transports.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {
class WriterState;
}

// The sending half of a connection or of a child's stdin. A handle: copies are the same writer.
// When the last one goes, a connection that was not closed is closed, and a ResourceWarning logged.
//
//   writer.write(data);
//   co_await writer.drain();  // a peer that reads slowly is waited for, and memory is bounded
//
// Threads  the loop's only.
// Spec     asyncio.stream-writer
class TANDEM_API StreamWriter {
 public:
  // Never waits: what the system does not take at once is kept, and follows.
  // Throw    RuntimeError (after write_eof()).
  // Spec     asyncio.stream-writer.write
  void write(std::string_view data) const;
  template <std::ranges::input_range R>
  requires std::convertible_to<std::ranges::range_reference_t<R>, std::string_view>
  void writelines(R&& lines) const { transport().writelines(lines); }
  void writelines(std::initializer_list<std::string_view> lines) const {
    transport().writelines(lines);
  }
  // Waits until no more than the low water mark is left to be sent, if it was more than the high
  // one.
  // Throws   what broke the connection; ConnectionResetError (it is gone).
  // Spec     asyncio.stream-writer.drain
  Coroutine<> drain() const;
  // The peer reads the end when all is sent; it can still answer.
  // Spec     asyncio.stream-writer.write-eof
  void write_eof() const;
  bool can_write_eof() const;
  // Sends what is left, and ends the connection then; reads no more.
  // Spec     asyncio.stream-writer.close
  void close() const;
  bool is_closing() const;
  // Until it is closed.
  // Throws   what has broken the connection.
  // Spec     asyncio.stream-writer.wait-closed
  Coroutine<> wait_closed() const;
  // "peername", "sockname", "socket", "pipe".
  // Spec     asyncio.stream-writer.extra-info
  ExtraInfo get_extra_info(std::string_view name) const;
  const Transport& transport() const noexcept;

  // Identity.
  friend bool operator==(const StreamWriter&, const StreamWriter&) = default;
  explicit StreamWriter(std::shared_ptr<detail::WriterState> state) noexcept;
  const std::shared_ptr<detail::WriterState>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<detail::WriterState> state_;
};
// Python's repr: <StreamWriter transport=<…> reader=<…>>
TANDEM_API std::string to_string(const StreamWriter& writer);
TANDEM_API std::ostream& operator<<(std::ostream& out, const StreamWriter& writer);

}  // namespace tandem::inline v1::asyncio
