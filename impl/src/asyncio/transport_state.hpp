// What stands behind a Transport: a socket, or a pipe's end.
#pragma once
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "asyncio/guarded.hpp"
#include "asyncio/resource.hpp"
#include "platform/handle.hpp"
#include "platform/network.hpp"
#include "tandem/asyncio/transports.hpp"

namespace tandem::inline v1::asyncio::detail {

class ServerState;

// The error of the system that stands for the number.
std::exception_ptr os_error(int number);

Address address_of(const platform::NetworkAddress& native);

// A file that has an end before its owners have.
class SocketFile {
 public:
  explicit SocketFile(platform::Handle handle) noexcept : handle_(std::move(handle)) {}
  int fd() const noexcept { return handle_.get(); }
  void close() noexcept { handle_.reset(); }

 private:
  platform::Handle handle_;
};

// A protocol as the one or the other kind. Copyable.
class AnyProtocol {
 public:
  AnyProtocol() = default;
  // Throws   TypeError (null, or of no kind that is known).
  explicit AnyProtocol(std::shared_ptr<BaseProtocol> protocol);

  void connection_made(const Transport& transport) const;
  bool eof_received() const;
  Protocol* plain() const noexcept { return plain_; }
  BufferedProtocol* buffered() const noexcept { return buffered_; }
  const std::shared_ptr<BaseProtocol>& base() const noexcept { return base_; }
  std::string text() const;  // for reports

 private:
  std::shared_ptr<BaseProtocol> base_{};
  Protocol* plain_ = nullptr;
  BufferedProtocol* buffered_ = nullptr;
};

// All of a transport but how bytes come and go. As in CPython the loop knows of it by the file that
// it watches and by what was scheduled, and those own it. One that is open when the loop is closed
// goes when nobody has it any more.
//
//   open --- close() ---> closing, sends what is left --+
//     \                                                 +--> lose() is scheduled --> lost
//      +---- an error, abort() -------------------------+
class TransportState : public std::enable_shared_from_this<TransportState>, private Resource {
 public:
  TransportState(const TransportState&) = delete;
  TransportState& operator=(const TransportState&) = delete;
  virtual ~TransportState();

  // Has connection_made() called, then begins to read, then wakes who waits for that.
  void start(const std::optional<Future<>>& waiter);

  virtual ExtraInfo extra_info(std::string_view name) const = 0;
  bool is_closing() const noexcept { return closing_; }
  virtual void close() = 0;
  virtual void abort() = 0;
  void set_protocol(std::shared_ptr<BaseProtocol> protocol);
  const std::shared_ptr<BaseProtocol>& protocol() const noexcept { return protocol_.base(); }

  bool is_reading() const noexcept { return !closing_ && !paused_; }
  virtual void pause_reading();
  virtual void resume_reading();

  virtual void write(std::string_view data) = 0;
  virtual void writelines(std::string_view joined) { write(joined); }
  virtual void write_eof() = 0;
  std::size_t write_buffer_size() const noexcept { return unsent_; }
  void set_limits(WriteBufferLimits limits);
  std::pair<std::ptrdiff_t, std::ptrdiff_t> limits() const noexcept { return {low_, high_}; }
  virtual std::string to_string() const = 0;

 protected:
  TransportState(const EventLoop& loop, platform::Handle file,
                 std::shared_ptr<BaseProtocol> protocol);

  virtual void read_ready() = 0;
  virtual void write_ready() = 0;
  virtual bool reads_from_start() const { return is_reading(); }
  virtual void lose(const std::exception_ptr& error);
  void let_go() noexcept override;

  // The file is watched, or not; nothing happens where it is so already.
  void watch_reading(bool on);
  void watch_writing(bool on);
  bool watches_reading() const noexcept { return reading_; }
  bool watches_writing() const noexcept { return writing_; }

  void pause_if_full();
  void resume_if_empty();
  void report(std::string message, const std::exception_ptr& error);
  // By the loop.
  void lose_soon(std::exception_ptr error);
  // " closed", " closing" or nothing, and the descriptor.
  std::string state_text() const;

  // It is about to be lost, and somebody writes all the same.
  void note_failed_write(const char* complaint);
  // Sends by that what can be sent at once; the rest follows when there is room. Returns what went
  // wrong: then nothing may follow.
  using Send = platform::Transfer (*)(int file, const void* bytes, std::size_t size) noexcept;
  std::exception_ptr send_or_keep(std::string_view data, Send send);
  void drop_sent(std::size_t count) noexcept;
  void drop_unsent() noexcept;
  // The first of it.
  std::string_view first_unsent() const noexcept {
    return std::string_view(pieces_.front()).substr(first_sent_);
  }

  const EventLoop loop_;
  const std::shared_ptr<SocketFile> file_;
  const int fd_;
  AnyProtocol protocol_;
  std::list<std::string> pieces_{};  // a deque has memory while it is empty
  std::size_t first_sent_ = 0;       // of the first piece
  std::size_t unsent_ = 0;
  unsigned failed_writes_ = 0;  // CPython's _conn_lost: not zero once it is about to be lost
  bool closing_ = false, paused_ = false, lost_ = false;

 private:
  template <void (TransportState::*act)()>
  struct Ready;
  void keep(std::string_view data);
  void unwatch(bool (EventLoop::*remove)(int fd) const) noexcept;
  void call_protocol(const char* name, void (BaseProtocol::*member)());

  std::ptrdiff_t high_ = 64 * 1024, low_ = 16 * 1024;
  bool protocol_paused_ = false;
  bool reading_ = false, writing_ = false;
};

inline constexpr std::size_t most_read = 256 * 1024;
// Memory to receive into: of the loop, and valid until it is asked for again.
char* receive_buffer(const EventLoop& loop);

// A transport over a socket: CPython's _SelectorSocketTransport.
class SocketTransport final : public TransportState {
 public:
  //   peer  none: the system knows
  static std::shared_ptr<SocketTransport> make(const EventLoop& loop, platform::Handle socket,
                                               std::shared_ptr<BaseProtocol> protocol,
                                               const std::optional<Future<>>& waiter,
                                               std::optional<Address> peer = {},
                                               std::shared_ptr<ServerState> server = nullptr);
  ~SocketTransport() override;

  ExtraInfo extra_info(std::string_view name) const override;
  void close() override;
  void abort() override { force_close(nullptr); }
  void write(std::string_view data) override;
  void writelines(std::string_view joined) override;
  void write_eof() override;
  std::string to_string() const override;

 private:
  SocketTransport(const EventLoop& loop, platform::Handle socket,
                  std::shared_ptr<BaseProtocol> protocol, std::optional<Address> peer,
                  std::shared_ptr<ServerState> server);
  void read_ready() override;
  void read_plain();
  void read_buffered();
  void read_ended();
  void write_ready() override;
  void fatal_error(const std::exception_ptr& error, const char* message);
  void force_close(std::exception_ptr error);
  void lose(const std::exception_ptr& error) override;
  void let_go() noexcept override;
  void leave_server() noexcept;

  std::optional<Address> own_{}, peer_;
  std::shared_ptr<ServerState> server_;
  bool eof_ = false;
};

// Throws   ValueError (no pipe, socket or terminal).
std::shared_ptr<TransportState> make_pipe_transport(const EventLoop& loop, platform::Handle pipe,
                                                    bool for_writing,
                                                    std::shared_ptr<BaseProtocol> protocol,
                                                    const std::optional<Future<>>& waiter);

}  // namespace tandem::inline v1::asyncio::detail
