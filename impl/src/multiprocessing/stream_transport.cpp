// A Connection over a socket or a pipe. On the wire each message has CPython's form: its length in
// four bytes, the highest first, or -1 in four bytes and the length in eight, and then its bytes.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>

#include "multiprocessing/ring.hpp"
#include "multiprocessing/transport.hpp"
#include "multiprocessing/turns.hpp"
#include "platform/pipe.hpp"
#include "platform/poll.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/pickle/input.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

constexpr std::size_t short_head = 4, long_head = 12;
// A message so short is sent in one go with its head, so that a network sends one packet.
constexpr std::size_t sent_at_once = 16384;

template <class T>
void put_number(std::byte* to, T number) noexcept {
  for (std::size_t i = sizeof number; i-- > 0; number >>= 8) to[i] = static_cast<std::byte>(number);
}
template <class T>
T get_number(const std::byte* from) noexcept {
  T number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i)
    number = static_cast<T>(number << 8 | std::to_integer<T>(from[i]));
  return number;
}

class LengthHead {
 public:
  explicit LengthHead(std::uint64_t length) noexcept {
    const bool is_short = length <= std::numeric_limits<std::int32_t>::max();
    size_ = is_short ? short_head : long_head;
    put_number(bytes_.data(), is_short ? static_cast<std::uint32_t>(length) : ~std::uint32_t{0});
    if (!is_short) put_number(bytes_.data() + short_head, length);
  }
  Part bytes() const noexcept { return Part(bytes_).first(size_); }

 private:
  std::array<std::byte, long_head> bytes_;
  std::size_t size_;
};

class StreamTransport final : public Transport {
 public:
  StreamTransport(platform::Handle handle, bool readable, bool writable) noexcept
      : Transport(readable, writable),
        is_socket_(platform::is_socket(handle.get())),
        handle_(std::move(handle)) {}
  ~StreamTransport() override { close(); }

  void send(std::span<Part> parts, std::size_t size, std::span<const int> handles) override {
    const std::scoped_lock turn(writing_.get());
    const SharedHandle::Use use(handle_);
    if (!use) check_open();
    if (!handles.empty() && !platform::carries_handles(use.get()))
      throw v1::pickle::PicklingError("open files cannot be sent over this connection");
    const LengthHead head(size);
    if (size > sent_at_once) {
      write_all(use.get(), head.bytes(), handles);
      for (const Part part : parts) write_all(use.get(), part, {});
    } else {
      std::array<std::byte, long_head + sent_at_once> all;
      std::byte* end = std::copy(head.bytes().begin(), head.bytes().end(), all.data());
      for (const Part part : parts) end = std::copy(part.begin(), part.end(), end);
      write_all(use.get(), Part(all.data(), end), handles);
    }
  }

  void receive(Sink& sink) override {
    const std::scoped_lock turn(reading_.get());
    const SharedHandle::Use use(handle_);
    if (!use) check_open();
    std::array<std::byte, 8> number;
    read_all(use.get(), number.data(), short_head, true, sink);
    std::uint64_t length = get_number<std::uint32_t>(number.data());
    if (length == ~std::uint32_t{0}) {
      read_all(use.get(), number.data(), 8, false, sink);
      length = get_number<std::uint64_t>(number.data());
    } else if (length > std::numeric_limits<std::int32_t>::max()) {
      throw OSError("bad message length");
    }
    if (!sink.begin(length)) refuse();
    // In parts, so that a length that is not true costs no more memory than what comes.
    constexpr std::uint64_t step = std::uint64_t{1} << 20;
    for (std::uint64_t left = length; left > 0;) {
      const auto size = static_cast<std::size_t>(std::min(left, step));
      read_all(use.get(), sink.extend(size), size, false, sink);
      left -= size;
    }
  }

  bool poll(Deadline until) override {
    const SharedHandle::Use use(handle_);
    if (!use) check_open();
    platform::Polled polled{use.get()};
    const auto when = until.when();
    const ParkedInSystem parked;
    if (const int error = platform::poll({&polled, 1}, until.is_never() ? nullptr : &when))
      throw_os_error(error);
    return polled.ready;
  }

  int fileno() override { return handle_.get(); }
  std::unique_ptr<TransportWaiter> waiter() override { return wait_at(handle_.get()); }

  void pickle(v1::pickle::Output& output) override {
    output.write_value(TransportKind::stream);
    const SharedHandle::Use use(handle_);
    if (!use) check_open();
    output.write_value(output.attach(use.get()));
    output.write_value(static_cast<unsigned char>(readable()));
    output.write_value(static_cast<unsigned char>(writable()));
  }

  void distrust(Deadline until) noexcept override {
    trusted_ = false;
    until_ = until;
  }
  void trust() noexcept override {
    trusted_ = true;
    until_ = {};
  }

 private:
  void wait_for_stranger(int handle, bool for_writing) {
    if (until_.is_never()) return;
    platform::Polled polled{.handle = handle, .for_writing = for_writing};
    const auto when = until_.when();
    if (const int error = platform::poll({&polled, 1}, &when)) throw_os_error(error);
    if (!polled.ready) throw_os_error(ETIMEDOUT);
  }

  void write_all(int handle, Part bytes, std::span<const int> handles) {
    const ParkedInSystem parked;
    while (!bytes.empty()) {
      wait_for_stranger(handle, true);
      const platform::Transfer done =
          is_socket_ ? platform::send_some(handle, bytes.data(), bytes.size(), handles)
                     : platform::write_some(handle, bytes.data(), bytes.size());
      if (done.error != 0) throw_os_error(done.error);
      handles = {};
      bytes = bytes.subspan(done.count);
    }
  }

  void read_all(int handle, std::byte* bytes, std::size_t size, bool first, Sink& sink) {
    const ParkedInSystem parked;
    const auto handles = trusted_ ? &sink.handles : nullptr;
    for (std::size_t got = 0; got < size;) {
      wait_for_stranger(handle, false);
      const platform::Transfer done =
          is_socket_ ? platform::receive_some(handle, bytes + got, size - got, handles)
                     : platform::read_some(handle, bytes + got, size - got);
      if (done.error != 0) throw_os_error(done.error);
      if (done.count == 0) {
        if (first && got == 0) throw EOFError();
        throw OSError("got end of file during message");
      }
      got += done.count;
    }
  }

  void do_close() noexcept override { handle_.close(); }

  const bool is_socket_;
  bool trusted_ = true;
  Deadline until_{};  // while it is not
  SharedHandle handle_;
  Turns writing_, reading_;
};

}  // namespace

std::shared_ptr<Transport> make_stream_transport(platform::Handle handle, bool readable,
                                                 bool writable) {
  return std::make_shared<StreamTransport>(std::move(handle), readable, writable);
}

std::shared_ptr<Transport> unpickle_stream_transport(v1::pickle::Input& input) {
  platform::Handle handle = input.take(input.read_value<std::uint32_t>());
  const bool readable = input.read_choice(1) != 0;
  const bool writable = input.read_choice(1) != 0;
  return make_stream_transport(std::move(handle), readable, writable);
}

}  // namespace tandem::inline v1::multiprocessing::detail
