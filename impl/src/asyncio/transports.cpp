#include "tandem/asyncio/transports.hpp"

#include <cerrno>
#include <memory>
#include <ostream>

#include "asyncio/loop_state.hpp"
#include "asyncio/transport_state.hpp"
#include "tandem/core/caught.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::asyncio {

// ---- addresses and sockets ----

std::string to_string(const Address& address) {
  if (address.is_path()) return address.path();
  std::string text =
      "(" + v1::detail::string_repr(address.host()) + ", " + std::to_string(address.port());
  if (address.is_ipv6_)
    text += ", " + std::to_string(address.flow_) + ", " + std::to_string(address.scope_);
  return text + ")";
}
std::ostream& operator<<(std::ostream& out, const Address& address) {
  return out << to_string(address);
}

TransportSocket::TransportSocket(std::shared_ptr<detail::SocketFile> file) noexcept
    : file_(std::move(file)) {}
int TransportSocket::fileno() const noexcept { return file_->fd(); }
Address TransportSocket::getsockname() const {
  platform::NetworkAddress native;
  if (const int error = platform::address_of(file_->fd(), native))
    v1::detail::throw_os_error(error);
  return detail::address_of(native);
}
Address TransportSocket::getpeername() const {
  platform::NetworkAddress native;
  if (const int error = platform::peer_of(file_->fd(), native)) v1::detail::throw_os_error(error);
  return detail::address_of(native);
}

std::string to_string(const TransportSocket& socket) {
  std::string text = "<asyncio.TransportSocket fd=" + std::to_string(socket.fileno());
  const auto add = [&](const char* name, Address (TransportSocket::*address)() const) {
    try {
      const std::string at = to_string((socket.*address)());
      if (!at.empty()) text += name + at;  // an end of a Unix socket may have no name
    } catch (const OSError&) {
      // there is none
    }
  };
  add(", laddr=", &TransportSocket::getsockname);
  add(", raddr=", &TransportSocket::getpeername);
  return text + ">";
}
std::ostream& operator<<(std::ostream& out, const TransportSocket& socket) {
  return out << to_string(socket);
}

const Address& ExtraInfo::address() const {
  if (const auto* address = std::get_if<Address>(&info_)) return *address;
  throw TypeError("this is no address");
}
const TransportSocket& ExtraInfo::socket() const {
  if (const auto* socket = std::get_if<TransportSocket>(&info_)) return *socket;
  throw TypeError("this is no socket");
}
int ExtraInfo::fileno() const {
  if (const auto* file = std::get_if<File>(&info_)) return file->fd;
  return socket().fileno();
}

std::string to_string(const ExtraInfo& info) {
  if (!info) return "None";
  if (const auto* address = std::get_if<Address>(&info.info_)) return to_string(*address);
  if (const auto* socket = std::get_if<TransportSocket>(&info.info_)) return to_string(*socket);
  return "<pipe fd=" + std::to_string(info.fileno()) + ">";
}
std::ostream& operator<<(std::ostream& out, const ExtraInfo& info) {
  return out << to_string(info);
}

// ---- protocols ----

BaseProtocol::~BaseProtocol() = default;
void BaseProtocol::connection_lost(std::exception_ptr) {}
void BaseProtocol::pause_writing() {}
void BaseProtocol::resume_writing() {}
void Protocol::connection_made(const Transport&) {}
void Protocol::data_received(std::string_view) {}
bool Protocol::eof_received() { return false; }
void BufferedProtocol::connection_made(const Transport&) {}
bool BufferedProtocol::eof_received() { return false; }

// ---- the handle ----

Transport::Transport(std::shared_ptr<detail::TransportState> state) noexcept
    : state_(std::move(state)) {}
const std::shared_ptr<detail::TransportState>& Transport::state() const {
  if (!state_) throw RuntimeError("this is no transport");
  return state_;
}
ExtraInfo Transport::get_extra_info(std::string_view name) const {
  return state()->extra_info(name);
}
bool Transport::is_closing() const { return state()->is_closing(); }
void Transport::close() const { state()->close(); }
void Transport::abort() const { state()->abort(); }
void Transport::set_protocol(std::shared_ptr<BaseProtocol> protocol) const {
  state()->set_protocol(std::move(protocol));
}
std::shared_ptr<BaseProtocol> Transport::get_protocol() const { return state()->protocol(); }
void Transport::pause_reading() const { state()->pause_reading(); }
void Transport::resume_reading() const { state()->resume_reading(); }
bool Transport::is_reading() const { return state()->is_reading(); }
void Transport::write(std::string_view data) const { state()->write(data); }
void Transport::write_joined(std::string_view lines) const { state()->writelines(lines); }
void Transport::write_eof() const { state()->write_eof(); }
bool Transport::can_write_eof() const { return static_cast<bool>(state()); }
std::size_t Transport::get_write_buffer_size() const { return state()->write_buffer_size(); }
void Transport::set_write_buffer_limits(WriteBufferLimits limits) const {
  state()->set_limits(limits);
}
std::pair<std::ptrdiff_t, std::ptrdiff_t> Transport::get_write_buffer_limits() const {
  return state()->limits();
}
std::string to_string(const Transport& transport) { return transport.state()->to_string(); }
std::ostream& operator<<(std::ostream& out, const Transport& transport) {
  return out << to_string(transport);
}

namespace detail {

// ---- helpers ----

std::exception_ptr os_error(int number) {
  return caught([&] { throw_os_error(number); });
}

Address address_of(const platform::NetworkAddress& native) {
  platform::AddressParts parts = platform::parts_of(native);
  if (parts.family == platform::Family::ipv4) return Address(std::move(parts.name), parts.port);
  if (parts.family == platform::Family::ipv6)
    return Address(std::move(parts.name), parts.port, parts.flow, parts.scope);
  return Address(std::move(parts.name));
}

char* receive_buffer(const EventLoop& loop) {
  auto& buffer = state_of(loop).receive_buffer;
  if (!buffer) buffer.reset(new char[most_read]);
  return buffer.get();
}

AnyProtocol::AnyProtocol(std::shared_ptr<BaseProtocol> protocol)
    : base_(std::move(protocol)),
      plain_(dynamic_cast<Protocol*>(base_.get())),
      buffered_(dynamic_cast<BufferedProtocol*>(base_.get())) {
  if (!plain_ && !buffered_) throw TypeError("a Protocol or a BufferedProtocol is needed");
}
void AnyProtocol::connection_made(const Transport& transport) const {
  buffered_ ? buffered_->connection_made(transport) : plain_->connection_made(transport);
}
bool AnyProtocol::eof_received() const {
  return buffered_ ? buffered_->eof_received() : plain_->eof_received();
}
std::string AnyProtocol::text() const {
  if (!base_) return "None";
  const BaseProtocol& protocol = *base_;
  return "<" + type_name(typeid(protocol)) + " object at " + address_text(base_.get()) + ">";
}

// ---- what all transports have ----

TransportState::TransportState(const EventLoop& loop, platform::Handle file,
                               std::shared_ptr<BaseProtocol> protocol)
    : Resource(state_of(loop).resources),
      loop_(loop),
      file_(std::make_shared<SocketFile>(std::move(file))),
      fd_(file_->fd()),
      protocol_(std::move(protocol)) {}

TransportState::~TransportState() {
  leave();
  if (lost_) return;
  log("ResourceWarning: unclosed transport <fd=" + std::to_string(fd_) + ">");
  file_->close();
}

void TransportState::start(const std::optional<Future<>>& waiter) {
  const auto self = shared_from_this();
  loop_.call_soon([self] {
    const AnyProtocol protocol = self->protocol_;
    if (protocol.base()) protocol.connection_made(Transport(self));
  });
  // Only when connection_made() has been called.
  loop_.call_soon([self] {
    if (self->reads_from_start()) self->watch_reading(true);
  });
  if (waiter)
    loop_.call_soon([future = *waiter] {
      if (!future.cancelled()) future.set_result();
    });
}

void TransportState::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
  protocol_ = AnyProtocol(std::move(protocol));
}

void TransportState::pause_reading() {
  if (!is_reading()) return;
  paused_ = true;
  watch_reading(false);
}
void TransportState::resume_reading() {
  if (closing_ || !paused_) return;
  paused_ = false;
  watch_reading(true);
}

// What is watched for may be over, and this gone, while it runs.
template <void (TransportState::*act)()>
struct TransportState::Ready {
  std::shared_ptr<TransportState> transport;
  void operator()() const {
    const auto kept = transport;
    (kept.get()->*act)();
  }
};

void TransportState::watch_reading(bool on) {
  if (reading_ == on) return;
  if (on)
    loop_.add_reader(fd_, Ready<&TransportState::read_ready>{shared_from_this()});
  else
    unwatch(&EventLoop::remove_reader);
  reading_ = on;
}
void TransportState::watch_writing(bool on) {
  if (writing_ == on) return;
  if (on)
    loop_.add_writer(fd_, Ready<&TransportState::write_ready>{shared_from_this()});
  else
    unwatch(&EventLoop::remove_writer);
  writing_ = on;
}
// The program may have closed the file behind our back: then the system has forgotten it before.
void TransportState::unwatch(bool (EventLoop::*remove)(int fd) const) noexcept {
  try {
    (loop_.*remove)(fd_);
  } catch (const std::exception&) {
    // nor does the loop call us any more
  }
}

void TransportState::set_limits(WriteBufferLimits limits) {
  const auto quarter = [](std::ptrdiff_t number) {  // as Python divides
    return number >= 0 ? number / 4 : (number - 3) / 4;
  };
  const std::ptrdiff_t high = limits.high ? *limits.high : limits.low ? 4 * *limits.low : 64 * 1024;
  const std::ptrdiff_t low = limits.low ? *limits.low : quarter(high);
  if (high < low || low < 0)
    throw ValueError("high (" + std::to_string(high) + ") must be >= low (" + std::to_string(low) +
                     ") must be >= 0");
  high_ = high;
  low_ = low;
  pause_if_full();
}

void TransportState::call_protocol(const char* name, void (BaseProtocol::*member)()) {
  const AnyProtocol protocol = protocol_;
  if (!protocol.base()) return;
  if (const auto error = guarded([&] { (protocol.base().get()->*member)(); }))
    report(std::string("protocol.") + name + "() failed", error);
}
void TransportState::pause_if_full() {
  if (protocol_paused_ || unsent_ <= static_cast<std::size_t>(high_)) return;
  protocol_paused_ = true;
  call_protocol("pause_writing", &BaseProtocol::pause_writing);
}
void TransportState::resume_if_empty() {
  if (!protocol_paused_ || unsent_ > static_cast<std::size_t>(low_)) return;
  protocol_paused_ = false;
  call_protocol("resume_writing", &BaseProtocol::resume_writing);
}

void TransportState::report(std::string message, const std::exception_ptr& error) {
  ExceptionContext context{.message = std::move(message), .exception = error};
  context.more = {{"transport", to_string()}, {"protocol", protocol_.text()}};
  loop_.call_exception_handler(context);
}

void TransportState::lose_soon(std::exception_ptr error) {
  loop_.call_soon([self = shared_from_this(), error = std::move(error)] { self->lose(error); });
}

void TransportState::lose(const std::exception_ptr& error) {
  struct End {
    TransportState& transport;
    ~End() {
      transport.watch_reading(false);
      transport.watch_writing(false);
      transport.file_->close();
      transport.lost_ = true;
      transport.protocol_ = {};
      transport.leave();
    }
  };
  const auto self = shared_from_this();  // the files that are watched may be all that owns it
  const AnyProtocol protocol = protocol_;
  const End end{*this};
  if (protocol.base()) protocol.base()->connection_lost(error);
}

void TransportState::let_go() noexcept {
  const auto self = shared_from_this();
  const AnyProtocol protocol = std::exchange(protocol_, {});
}

std::string TransportState::state_text() const {
  const char* const state = lost_ ? " closed" : closing_ ? " closing" : "";
  return std::string(state) + " fd=" + std::to_string(fd_);
}

void TransportState::note_failed_write(const char* complaint) {
  constexpr unsigned failed_writes_to_log = 5;  // CPython complains of the fifth
  if (failed_writes_ >= failed_writes_to_log) log(complaint);
  ++failed_writes_;
}

std::exception_ptr TransportState::send_or_keep(std::string_view data, Send send) {
  if (unsent_ > 0) {
    keep(data);
  } else {
    const platform::Transfer done = send(fd_, data.data(), data.size());
    if (done.error != 0 && done.error != EAGAIN) return os_error(done.error);
    data.remove_prefix(done.count);
    if (data.empty()) return nullptr;
    // Its beginning may be on the way.
    if (auto error = guarded([&] { keep(data); })) return error;
  }
  pause_if_full();
  return nullptr;
}

// All of it, or it throws.
void TransportState::keep(std::string_view data) {
  watch_writing(true);
  pieces_.emplace_back(data);
  unsent_ += data.size();
}
void TransportState::drop_sent(std::size_t count) noexcept {
  unsent_ -= count;
  first_sent_ += count;
  while (!pieces_.empty() && first_sent_ >= pieces_.front().size()) {
    first_sent_ -= pieces_.front().size();
    pieces_.pop_front();
  }
}
void TransportState::drop_unsent() noexcept {
  pieces_.clear();
  first_sent_ = unsent_ = 0;
}

}  // namespace detail
}  // namespace tandem::inline v1::asyncio
