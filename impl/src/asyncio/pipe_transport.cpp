// CPython's _UnixReadPipeTransport and _UnixWritePipeTransport, step by step.
#include <cerrno>

#include "asyncio/transport_state.hpp"
#include "platform/pipe.hpp"
#include "tandem/core/exception_group.hpp"

namespace tandem::inline v1::asyncio::detail {

namespace {

class Pipe : public TransportState {
 public:
  Pipe(const EventLoop& loop, platform::Handle pipe, std::shared_ptr<BaseProtocol> protocol)
      : TransportState(loop, std::move(pipe), std::move(protocol)) {}

  ExtraInfo extra_info(std::string_view name) const final {
    return name == "pipe" ? ExtraInfo(ExtraInfo::File{file_->fd()}) : ExtraInfo();
  }
};

class ReadPipe final : public Pipe {
 public:
  using Pipe::Pipe;

  void close() override {
    if (!closing_) end(nullptr);
  }
  void abort() override { close(); }
  void write(std::string_view) override { throw NotImplementedError("this pipe is read from"); }
  void write_eof() override { throw NotImplementedError("this pipe is read from"); }
  std::string to_string() const override {
    return "<_UnixReadPipeTransport" + state_text() +
           (lost_               ? " closed>"
            : watches_reading() ? " polling>"
                                : " idle>");
  }

 private:
  void read_ready() override {
    char* const buffer = receive_buffer(loop_);
    const platform::Transfer done = platform::read_some(fd_, buffer, most_read);
    if (done.error == EAGAIN) return;
    const AnyProtocol protocol = protocol_;
    if (done.error != 0) {
      if (done.error != EIO)  // of a terminal whose other end is closed
        report("Fatal read error on pipe transport", os_error(done.error));
      end(os_error(done.error));
    } else if (done.count > 0) {
      if (protocol.buffered())
        give(*protocol.buffered(), std::string_view(buffer, done.count));
      else
        protocol.plain()->data_received(std::string_view(buffer, done.count));
    } else {
      closing_ = true;
      watch_reading(false);
      loop_.call_soon([protocol] { protocol.eof_received(); });
      lose_soon(nullptr);
    }
  }
  void write_ready() override {}

  static void give(BufferedProtocol& protocol, std::string_view data) {
    while (!data.empty()) {
      const std::span<char> room = protocol.get_buffer(static_cast<std::ptrdiff_t>(data.size()));
      if (room.empty()) throw RuntimeError("get_buffer() returned an empty buffer");
      const std::size_t count = data.copy(room.data(), room.size());
      protocol.buffer_updated(count);
      data.remove_prefix(count);
    }
  }
  void end(std::exception_ptr error) {
    closing_ = true;
    watch_reading(false);
    lose_soon(std::move(error));
  }
};

class WritePipe final : public Pipe {
 public:
  WritePipe(const EventLoop& loop, platform::Handle pipe, std::shared_ptr<BaseProtocol> protocol,
            bool tells_of_readers)
      : Pipe(loop, std::move(pipe), std::move(protocol)), tells_of_readers_(tells_of_readers) {}

  void close() override { write_eof(); }
  void abort() override { end(nullptr); }
  void pause_reading() override { throw NotImplementedError("this pipe is written to"); }
  void resume_reading() override { throw NotImplementedError("this pipe is written to"); }

  void write(std::string_view data) override {
    if (data.empty()) return;
    if (failed_writes_ > 0 || closing_)
      return note_failed_write("pipe closed by peer or os.write(pipe, data) raised exception.");
    if (const auto error = send_or_keep(data, platform::write_some)) write_failed(error);
  }
  void write_eof() override {
    if (closing_ || lost_) return;
    closing_ = true;
    if (unsent_ > 0) return;
    watch_reading(false);
    lose_soon(nullptr);
  }
  std::string to_string() const override {
    return "<_UnixWritePipeTransport" + state_text() +
           (lost_ ? " closed>"
                  : (watches_writing() ? " polling bufsize=" : " idle bufsize=") +
                        std::to_string(unsent_) + ">");
  }

 private:
  bool reads_from_start() const override { return tells_of_readers_ && !closing_; }
  // The other end is gone.
  void read_ready() override {
    end(unsent_ > 0 ? std::make_exception_ptr(BrokenPipeError(std::string())) : nullptr);
  }
  void write_ready() override {
    if (unsent_ == 0) return;
    const std::string_view data = first_unsent();
    const platform::Transfer done = platform::write_some(fd_, data.data(), data.size());
    if (done.error == EAGAIN) return;
    if (done.error != 0) return write_failed(os_error(done.error));
    drop_sent(done.count);
    if (unsent_ > 0) return;
    watch_writing(false);
    resume_if_empty();  // may write
    if (!closing_ || unsent_ > 0) return;
    watch_reading(false);
    lose(nullptr);
  }
  void write_failed(const std::exception_ptr& error) {
    if (!is<OSError>(error)) report("Fatal write error on pipe transport", error);
    ++failed_writes_;
    end(error);
  }
  void end(std::exception_ptr error) {
    closing_ = true;
    if (unsent_ > 0) watch_writing(false);
    drop_unsent();
    watch_reading(false);
    lose_soon(std::move(error));
  }

  const bool tells_of_readers_;
};

}  // namespace

std::shared_ptr<TransportState> make_pipe_transport(const EventLoop& loop, platform::Handle pipe,
                                                    bool for_writing,
                                                    std::shared_ptr<BaseProtocol> protocol,
                                                    const std::optional<Future<>>& waiter) {
  const platform::FileKind kind = platform::kind_of(pipe.get());
  if (kind == platform::FileKind::other)
    throw ValueError(for_writing ? "Pipe transport is only for pipes, sockets and character devices"
                                 : "Pipe transport is for pipes/sockets only.");
  if (const int error = platform::set_nonblocking(pipe.get(), true)) throw_os_error(error);
  std::shared_ptr<TransportState> transport;
  if (for_writing)
    transport = std::make_shared<WritePipe>(loop, std::move(pipe), std::move(protocol),
                                            kind != platform::FileKind::terminal);
  else
    transport = std::make_shared<ReadPipe>(loop, std::move(pipe), std::move(protocol));
  transport->start(waiter);
  return transport;
}

}  // namespace tandem::inline v1::asyncio::detail
