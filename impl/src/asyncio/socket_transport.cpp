// CPython's _SelectorSocketTransport, step by step.
#include <array>
#include <cerrno>

#include "asyncio/server_state.hpp"
#include "asyncio/transport_state.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exception_group.hpp"

namespace tandem::inline v1::asyncio::detail {

namespace {

std::optional<Address> address_by(int (*ask)(int, platform::NetworkAddress&) noexcept, int socket) {
  platform::NetworkAddress native;
  if (ask(socket, native) != 0) return {};
  return address_of(native);
}

}  // namespace

SocketTransport::SocketTransport(const EventLoop& loop, platform::Handle socket,
                                 std::shared_ptr<BaseProtocol> protocol,
                                 std::optional<Address> peer, std::shared_ptr<ServerState> server)
    : TransportState(loop, std::move(socket), std::move(protocol)),
      own_(address_by(platform::address_of, fd_)),
      peer_(peer ? std::move(peer) : address_by(platform::peer_of, fd_)),
      server_(std::move(server)) {
  if (server_) server_->attach(*this);
  platform::send_small_at_once(fd_);
}
SocketTransport::~SocketTransport() { leave_server(); }

std::shared_ptr<SocketTransport> SocketTransport::make(const EventLoop& loop,
                                                       platform::Handle socket,
                                                       std::shared_ptr<BaseProtocol> protocol,
                                                       const std::optional<Future<>>& waiter,
                                                       std::optional<Address> peer,
                                                       std::shared_ptr<ServerState> server) {
  const std::shared_ptr<SocketTransport> transport(new SocketTransport(
      loop, std::move(socket), std::move(protocol), std::move(peer), std::move(server)));
  transport->start(waiter);
  return transport;
}

void SocketTransport::leave_server() noexcept {
  if (const auto server = std::exchange(server_, nullptr)) server->detach(*this);
}

ExtraInfo SocketTransport::extra_info(std::string_view name) const {
  if (name == "socket") return TransportSocket(file_);
  if (name == "sockname" && own_) return *own_;
  if (name == "peername" && peer_) return *peer_;
  return {};
}

// ---- reading ----

void SocketTransport::read_ready() {
  if (failed_writes_ > 0 || closing_) return;
  protocol_.buffered() ? read_buffered() : read_plain();
}

void SocketTransport::read_plain() {
  char* const buffer = receive_buffer(loop_);
  const platform::Transfer done = platform::receive_at_once(fd_, buffer, most_read);
  if (done.error == EAGAIN) return;
  if (done.error != 0)
    return fatal_error(os_error(done.error), "Fatal read error on socket transport");
  if (done.count == 0) return read_ended();
  const AnyProtocol protocol = protocol_;
  if (const auto error =
          guarded([&] { protocol.plain()->data_received(std::string_view(buffer, done.count)); }))
    fatal_error(error, "Fatal error: protocol.data_received() call failed.");
}

void SocketTransport::read_buffered() {
  const AnyProtocol protocol = protocol_;
  std::span<char> buffer;
  if (const auto error = guarded([&] {
        buffer = protocol.buffered()->get_buffer(-1);
        if (buffer.empty()) throw RuntimeError("get_buffer() returned an empty buffer");
      }))
    return fatal_error(error, "Fatal error: protocol.get_buffer() call failed.");
  const platform::Transfer done = platform::receive_at_once(fd_, buffer.data(), buffer.size());
  if (done.error == EAGAIN) return;
  if (done.error != 0)
    return fatal_error(os_error(done.error), "Fatal read error on socket transport");
  if (done.count == 0) return read_ended();
  if (const auto error = guarded([&] { protocol.buffered()->buffer_updated(done.count); }))
    fatal_error(error, "Fatal error: protocol.buffer_updated() call failed.");
}

void SocketTransport::read_ended() {
  bool keep_open = false;
  const AnyProtocol protocol = protocol_;
  if (const auto error = guarded([&] { keep_open = protocol.eof_received(); }))
    return fatal_error(error, "Fatal error: protocol.eof_received() call failed.");
  if (keep_open)
    watch_reading(false);
  else
    close();
}

// ---- writing ----

void SocketTransport::write(std::string_view data) {
  if (eof_) throw RuntimeError("Cannot call write() after write_eof()");
  if (data.empty()) return;
  if (failed_writes_ > 0) return note_failed_write("socket.send() raised exception.");
  constexpr Send send = [](int socket, const void* bytes, std::size_t size) noexcept {
    return platform::send_at_once(socket, bytes, size);
  };
  if (const auto error = send_or_keep(data, send))
    fatal_error(error, "Fatal write error on socket transport");
}

void SocketTransport::writelines(std::string_view joined) {
  if (eof_) throw RuntimeError("Cannot call writelines() after write_eof()");
  write(joined);
}

void SocketTransport::write_ready() {
  if (failed_writes_ > 0 || unsent_ == 0) return;
  std::array<std::string_view, 64> pieces;
  std::size_t count = 0;
  for (auto piece = pieces_.begin(); piece != pieces_.end() && count < pieces.size(); ++piece)
    pieces[count++] = *piece;
  pieces[0].remove_prefix(first_sent_);
  const platform::Transfer done =
      platform::send_pieces_at_once(fd_, std::span(pieces).first(count));
  if (done.error == EAGAIN) return;
  if (done.error != 0) {
    watch_writing(false);
    drop_unsent();
    return fatal_error(os_error(done.error), "Fatal write error on socket transport");
  }
  drop_sent(done.count);
  resume_if_empty();  // may write
  if (unsent_ > 0) return;
  watch_writing(false);
  if (closing_) {
    ++failed_writes_;  // the number of the file may soon be another's
    lose(nullptr);
  } else if (eof_) {
    platform::end_sending(fd_);
  }
}

void SocketTransport::write_eof() {
  if (closing_ || eof_) return;
  eof_ = true;
  if (unsent_ > 0) return;
  if (const int error = platform::end_sending(fd_)) throw_os_error(error);
}

// ---- the end ----

void SocketTransport::close() {
  if (closing_) return;
  closing_ = true;
  watch_reading(false);
  if (unsent_ > 0) return;
  ++failed_writes_;
  watch_writing(false);
  lose_soon(nullptr);
}

void SocketTransport::fatal_error(const std::exception_ptr& error, const char* message) {
  if (!is<OSError>(error)) report(message, error);
  force_close(error);
}

void SocketTransport::force_close(std::exception_ptr error) {
  if (failed_writes_ > 0) return;
  if (unsent_ > 0) {
    drop_unsent();
    watch_writing(false);
  }
  if (!closing_) {
    closing_ = true;
    watch_reading(false);
  }
  ++failed_writes_;
  lose_soon(std::move(error));
}

void SocketTransport::lose(const std::exception_ptr& error) {
  struct Left {
    SocketTransport& transport;
    ~Left() { transport.leave_server(); }
  };
  const auto self = shared_from_this();
  const Left left{*this};
  TransportState::lose(error);
}

void SocketTransport::let_go() noexcept {
  const auto self = shared_from_this();
  leave_server();
  TransportState::let_go();
}

std::string SocketTransport::to_string() const {
  std::string text = "<_SelectorSocketTransport" + state_text();
  if (!lost_ && !loop_.is_closed())
    text += std::string(" read=") + (watches_reading() ? "polling" : "idle") + " write=<" +
            (watches_writing() ? "polling" : "idle") + ", bufsize=" + std::to_string(unsent_) + ">";
  return text + ">";
}

}  // namespace tandem::inline v1::asyncio::detail
