#include "tandem/asyncio/streams.hpp"

#include <utility>

#include "asyncio/transport_state.hpp"
#include "asyncio/writer_state.hpp"

namespace tandem::inline v1::asyncio {

// ---- between a transport and a reader ----

StreamReaderProtocol::StreamReaderProtocol(const StreamReader& reader)
    : loop_(get_event_loop()),
      reader_(reader.state()),
      flow_(std::make_shared<detail::FlowControl>(loop_)) {}
StreamReaderProtocol::StreamReaderProtocol(const StreamReader& reader,
                                           std::shared_ptr<detail::ConnectionHandler> handler,
                                           const EventLoop& loop)
    : loop_(loop),
      reader_(reader.state()),
      kept_reader_(handler ? reader.state() : nullptr),
      handler_(std::move(handler)),
      flow_(std::make_shared<detail::FlowControl>(loop_)) {}
StreamReaderProtocol::~StreamReaderProtocol() = default;

void StreamReaderProtocol::connection_made(const Transport& transport) {
  auto reader = reader_.lock();
  if (reader) reader->set_transport(transport);
  if (handler_) serve(transport, StreamReader(std::move(reader)));
  kept_reader_ = nullptr;
}

void StreamReaderProtocol::serve(const Transport& transport, StreamReader reader) {
  auto writer = std::make_shared<detail::WriterState>(loop_, transport, flow_, reader.state());
  auto coroutine = (*handler_)(std::move(reader), StreamWriter(writer));
  if (!coroutine) return;
  // The handler's captures are the coroutine's, too. The writer of one that fails is closed before
  // it is gone, as where a traceback still has it.
  loop_.create_task(*std::move(coroutine))
      .add_done_callback([writer = std::move(writer), handler = handler_](const AnyFuture& task) {
        if (task.cancelled()) return writer->transport.close();
        const auto error = task.exception();
        if (!error) return;
        ExceptionContext context{.message = "Unhandled exception in client_connected_cb",
                                 .exception = error};
        context.more = {{"transport", to_string(writer->transport)}};
        writer->loop.call_exception_handler(context);
        writer->transport.close();
      });
}

void StreamReaderProtocol::data_received(std::string_view data) {
  if (const auto reader = reader_.lock()) reader->feed_data(data);
}
bool StreamReaderProtocol::eof_received() {
  if (const auto reader = reader_.lock()) reader->feed_eof();
  return true;
}
void StreamReaderProtocol::connection_lost(std::exception_ptr error) {
  if (const auto reader = reader_.lock()) error ? reader->set_exception(error) : reader->feed_eof();
  flow_->close(error);
  flow_->end(error);
  reader_.reset();
}
void StreamReaderProtocol::pause_writing() { flow_->pause(); }
void StreamReaderProtocol::resume_writing() { flow_->resume(); }

// ---- connections ----

namespace {

using Streams = std::pair<StreamReader, StreamWriter>;

Streams streams(const EventLoop& loop, const Transport& transport, const StreamReader& reader,
                const StreamReaderProtocol& protocol) {
  return Streams(reader, StreamWriter(std::make_shared<detail::WriterState>(
                             loop, transport, protocol.flow(), reader.state())));
}

}  // namespace

Coroutine<Streams> open_connection(std::optional<std::string> host, std::optional<int> port,
                                   ConnectionOptions options) {
  EventLoop loop = get_running_loop();
  StreamReader reader(options.limit, loop);
  const auto protocol = std::make_shared<StreamReaderProtocol>(reader, nullptr, loop);
  const detail::ProtocolFactory factory = [protocol] { return protocol; };
  const detail::Made made =
      co_await detail::connect(factory, detail::Target(std::move(host), port, options));
  co_return streams(loop, made.transport, reader, *protocol);
}

Coroutine<Streams> open_unix_connection(std::optional<std::string> path,
                                        UnixConnectionOptions options) {
  EventLoop loop = get_running_loop();
  StreamReader reader(options.limit, loop);
  const auto protocol = std::make_shared<StreamReaderProtocol>(reader, nullptr, loop);
  const detail::ProtocolFactory factory = [protocol] { return protocol; };
  const detail::Made made = co_await detail::connect_path(factory, std::move(path), options);
  co_return streams(loop, made.transport, reader, *protocol);
}

// ---- servers ----

namespace detail {

namespace {

ProtocolFactory stream_factory(const EventLoop& loop, std::ptrdiff_t limit,
                               ConnectionHandler handler) {
  return [loop, limit, handler = std::make_shared<ConnectionHandler>(std::move(handler))] {
    return std::make_shared<StreamReaderProtocol>(StreamReader(limit, loop), handler, loop);
  };
}

}  // namespace

Coroutine<Server> serve_streams(ConnectionHandler handler, ServerTarget target) {
  ProtocolFactory factory =
      stream_factory(get_running_loop(), target.options.limit, std::move(handler));
  co_return co_await serve(std::move(factory), std::move(target));
}
Coroutine<Server> serve_streams_at(ConnectionHandler handler, std::optional<std::string> path,
                                   UnixServerOptions options) {
  ProtocolFactory factory = stream_factory(get_running_loop(), options.limit, std::move(handler));
  co_return co_await serve_path(std::move(factory), std::move(path), options);
}

}  // namespace detail

}  // namespace tandem::inline v1::asyncio
