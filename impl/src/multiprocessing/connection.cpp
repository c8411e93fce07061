#include "tandem/multiprocessing/connection.hpp"

#include <cerrno>
#include <limits>

#include "multiprocessing/ring.hpp"
#include "multiprocessing/transport.hpp"
#include "platform/poll.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/exceptions.hpp"

namespace tandem::inline v1::multiprocessing {

namespace {

platform::Handle checked(int handle, ConnectionOptions options) {
  if (handle < 0) throw ValueError("invalid handle");
  if (!options.readable && !options.writable)
    throw ValueError("at least one of `readable` and `writable` must be True");
  return platform::Handle(handle);
}

// What the options mean: a part of the buffer.
std::string_view part_of(std::string_view buffer, SendBytesOptions options) {
  const auto length = static_cast<std::ptrdiff_t>(buffer.size());
  if (options.offset < 0) throw ValueError("offset is negative");
  if (length < options.offset) throw ValueError("buffer length < offset");
  if (!options.size) return buffer.substr(static_cast<std::size_t>(options.offset));
  if (*options.size < 0) throw ValueError("size is negative");
  if (*options.size > length - options.offset) throw ValueError("buffer length < offset + size");
  return buffer.substr(static_cast<std::size_t>(options.offset),
                       static_cast<std::size_t>(*options.size));
}

// So much is sent in one part.
constexpr std::size_t small_message = 4096;

}  // namespace

Connection::Connection(int handle, ConnectionOptions options)
    : transport_(detail::make_stream_transport(checked(handle, options), options.readable,
                                               options.writable)) {}

void Connection::check_writable() const { transport_->check_writable(); }
void Connection::check_readable() const { transport_->check_readable(); }

void Connection::send_bytes(std::string_view buffer, SendBytesOptions options) const {
  check_writable();
  detail::Part part = std::as_bytes(std::span(part_of(buffer, options)));
  transport_->send({&part, 1}, part.size(), {});
}

void Connection::send_output(v1::pickle::Output& output) const {
  if (output.descriptors().empty() && output.size() <= small_message) {
    detail::Part part = output.bytes();
    return transport_->send({&part, 1}, part.size(), {});
  }
  std::vector<detail::Part> parts = output.pieces();
  transport_->send(parts, output.size(), output.descriptors());
}

std::string Connection::recv_bytes(std::optional<std::ptrdiff_t> maxlength) const {
  check_readable();
  if (maxlength && *maxlength < 0) throw ValueError("negative maxlength");
  std::string bytes;
  detail::Sink sink(bytes, {},
                    maxlength ? std::optional(static_cast<std::size_t>(*maxlength)) : std::nullopt);
  transport_->receive(sink);
  return bytes;
}

std::size_t Connection::recv_into(std::span<std::byte> buffer, std::ptrdiff_t offset) const {
  check_readable();
  if (offset < 0) throw ValueError("negative offset");
  if (static_cast<std::size_t>(offset) > buffer.size()) throw ValueError("offset too large");
  std::string whole;
  detail::Sink sink(whole, buffer.subspan(static_cast<std::size_t>(offset)));
  transport_->receive(sink);
  if (!sink.is_in_place()) throw BufferTooShort(std::move(whole));
  return sink.length();
}

bool Connection::poll(Timeout timeout) const {
  check_readable();
  return transport_->poll(v1::detail::Deadline::after(timeout));
}

int Connection::fileno() const {
  transport_->check_open();
  return transport_->fileno();
}

void Connection::close() const { transport_->close(); }
bool Connection::closed() const noexcept { return transport_->closed(); }
bool Connection::readable() const noexcept { return transport_->readable(); }
bool Connection::writable() const noexcept { return transport_->writable(); }

std::string to_string(const Connection& connection) {
  return "<multiprocessing.connection.Connection object at " +
         detail::address_text(connection.transport_.get()) + ">";
}

void Connection::pickle(v1::pickle::Output& output) const {
  transport_->check_open();
  if (output.sharing() == v1::pickle::Sharing::NONE)
    throw v1::pickle::PicklingError("cannot pickle 'Connection' object");
  transport_->pickle(output);
}

Connection Connection::unpickle(v1::pickle::Input& input) {
  const auto kind = static_cast<detail::TransportKind>(input.read_choice(1));
  return Connection(kind == detail::TransportKind::ring ? detail::unpickle_ring_transport(input)
                                                        : detail::unpickle_stream_transport(input));
}

std::pair<Connection, Connection> Pipe(bool duplex) {
  auto [first, second] = detail::open_ring_transports(duplex);
  return {detail::ConnectionAccess::make(std::move(first)),
          detail::ConnectionAccess::make(std::move(second))};
}

namespace detail {

Received::Received(const Connection& connection) {
  Transport& transport = ConnectionAccess::transport(connection);
  transport.check_readable();
  Sink sink(large_, small_);
  transport.receive(sink);
  input_.emplace(sink.bytes(), std::move(sink.handles));
}
Received::~Received() = default;

}  // namespace detail

namespace connection::detail {

namespace {

using multiprocessing::detail::ConnectionAccess;
using multiprocessing::detail::TransportWaiter;

std::unique_ptr<TransportWaiter> waiter_for(const Waitable& object) {
  if (const Connection* connection = object.connection()) {
    auto& transport = ConnectionAccess::transport(*connection);
    transport.check_open();
    return transport.waiter();
  }
  const int descriptor = object.fileno();
  if (descriptor < 0) throw ValueError("Invalid file descriptor: " + std::to_string(descriptor));
  return multiprocessing::detail::wait_at(descriptor);
}

// All that are waited for at once.
class Waiting {
 public:
  explicit Waiting(std::span<const Waitable> objects) : objects_(objects) {
    for (const Waitable& object : objects) {
      waiters_.push_back(waiter_for(object));
      const TransportWaiter::Where where = waiters_.back()->where();
      polled_.push_back({.handle = where.handle, .for_hang_up = where.for_hang_up});
    }
    ready_.resize(objects.size());
  }

  void look(bool woken) noexcept {
    for (std::size_t i = 0; i < waiters_.size(); ++i)
      if (!ready_[i] && (!woken || polled_[i].ready) && waiters_[i]->is_ready(woken)) found(i);
  }

  void sleep(v1::detail::Deadline until) {
    const auto when = until.when();
    const v1::detail::ParkedInSystem parked;
    if (const int error = platform::poll(polled_, until.is_never() ? nullptr : &when))
      v1::detail::throw_os_error(error);
  }

  bool any() const noexcept { return any_; }
  std::vector<std::size_t> places() const {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < ready_.size(); ++i)
      if (ready_[i]) places.push_back(i);
    return places;
  }

 private:
  void found(std::size_t place) noexcept {
    any_ = ready_[place] = true;
    // A process may have ended: whoever sends to it is to see.
    if (!objects_[place].connection()) multiprocessing::detail::note_death();
  }

  std::span<const Waitable> objects_;
  std::vector<std::unique_ptr<TransportWaiter>> waiters_;
  std::vector<platform::Polled> polled_;
  std::vector<bool> ready_;
  bool any_ = false;
};

}  // namespace

std::vector<std::size_t> wait_for(std::span<const Waitable> objects, Timeout timeout) {
  const auto until = v1::detail::Deadline::after(timeout);
  const auto at_once = v1::detail::Deadline::after(std::chrono::seconds(0));
  Waiting waiting(objects);
  waiting.look(false);
  for (;;) {
    waiting.sleep(waiting.any() ? at_once : until);
    waiting.look(true);
    if (waiting.any() || until.passed()) return waiting.places();
  }
}

}  // namespace connection::detail

}  // namespace tandem::inline v1::multiprocessing
