// asyncio.StreamWriter
#include <sstream>

#include "conformance/asyncio/network.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;
using asyncio::StreamReader;
using asyncio::StreamWriter;

namespace {

constexpr std::size_t large = 1 << 22;  // more than the system buffers

// A reader and a writer on one end of a socket pair; the other end, which does not block.
struct Pair {
  Pair(std::pair<StreamReader, StreamWriter> streams, Socket its_peer)
      : reader(streams.first), writer(streams.second), peer(std::move(its_peer)) {}
  StreamReader reader;
  std::optional<StreamWriter> writer;
  Socket peer;
};
Coroutine<Pair> one_end() {
  SocketPair sockets;
  auto streams = co_await asyncio::open_connection({}, {}, {.sock = sockets.ours});
  co_return Pair(std::move(streams), std::move(*sockets.theirs));
}

// A reader and a writer on both ends.
struct Ends {
  Ends(std::pair<StreamReader, StreamWriter> here, std::pair<StreamReader, StreamWriter> there)
      : reader(here.first), writer(here.second), other_reader(there.first), other(there.second) {}
  StreamReader reader;
  StreamWriter writer;
  StreamReader other_reader;
  StreamWriter other;
};
Coroutine<Ends> ends(std::ptrdiff_t limit = asyncio::default_limit) {
  SocketPair sockets;
  auto here = co_await asyncio::open_connection({}, {}, {.limit = limit, .sock = sockets.ours});
  auto there = co_await asyncio::open_connection({}, {}, {.sock = sockets.theirs->release()});
  co_return Ends(std::move(here), std::move(there));
}

Coroutine<> end(StreamWriter writer) {
  writer.close();
  co_await writer.wait_closed();
}

}  // namespace

namespace {
Coroutine<> write_order() {
  const Pair pair = co_await one_end();
  pair.writer->write("one ");
  log(shown(pair.peer.receive()));
  pair.writer->writelines({"two ", "", "three "});
  pair.writer->writelines({});
  pair.writer->write("");
  pair.writer->write("four");
  const auto most = pair.peer.receive();
  log(shown(most), shown(pair.peer.receive()));
  co_await end(*pair.writer);
  log(shown(pair.peer.receive()));
}
}  // namespace
CASE("asyncio.stream-writer.write.order",
     "what is written arrives in order, at once where there is room") {
  asyncio::run(write_order());
}

namespace {
Coroutine<> write_large() {
  const Ends both = co_await ends();
  std::string data(large, '\0');
  for (std::size_t i = 0; i < large; ++i) data[i] = static_cast<char>(i);
  const std::string_view view = data;
  both.writer.write(view.substr(0, large - 100));
  both.writer.writelines({view.substr(large - 100, 90), view.substr(large - 10)});
  log(both.writer.transport().get_write_buffer_size() > 0);
  const std::string got = co_await both.other_reader.readexactly(large);
  log(got.size(), got == data, both.writer.transport().get_write_buffer_size());
  co_await end(both.writer);
  co_await end(both.other);
}
}  // namespace
CASE("asyncio.stream-writer.write.large", "more than the system takes goes as there is room") {
  asyncio::run(write_large());
}

namespace {
Coroutine<> half_close() {
  const Ends both = co_await ends();
  log(both.writer.can_write_eof());
  both.writer.write("question");
  both.writer.write_eof();
  both.writer.write_eof();
  const std::string question = co_await said(both.other_reader.read());
  log(question, both.other_reader.at_eof(), both.other.is_closing());
  both.other.write("answer");
  both.other.close();
  const std::string answer = co_await said(both.reader.read());
  log(answer, both.writer.is_closing());
  co_await end(both.other);
  co_await end(both.writer);
}
}  // namespace
CASE("asyncio.stream-writer.write-eof.half-close", "the peer reads the end, and can still answer") {
  asyncio::run(half_close());
}

namespace {
Coroutine<> eof_buffered() {
  const Ends both = co_await ends();
  both.writer.write(std::string(large, 'x'));
  both.writer.write_eof();
  const bool left = both.writer.transport().get_write_buffer_size() > 0;
  const std::string all = co_await both.other_reader.read();
  log(left, all.size());
  co_await end(both.other);
  co_await end(both.writer);
}
}  // namespace
CASE("asyncio.stream-writer.write-eof.buffered", "comes after all that was written") {
  asyncio::run(eof_buffered());
}

namespace {
Coroutine<> no_more() {
  const Pair pair = co_await one_end();
  pair.writer->write_eof();
  log(raised([&] { pair.writer->write("x"); }));
  log(raised([&] { pair.writer->writelines({"x"}); }));
  co_await end(*pair.writer);
}
}  // namespace
CASE("asyncio.stream-writer.write-eof.no-more", "RuntimeError for what is written afterwards") {
  asyncio::run(no_more());
}

namespace {
Coroutine<> drain_at_once() {
  const Pair pair = co_await one_end();
  asyncio::get_running_loop().call_soon([] { log("next turn"); });
  pair.writer->write(std::string(1000, 'x'));
  co_await pair.writer->drain();
  log("drained");
  co_await turns();
  co_await end(*pair.writer);
}
}  // namespace
CASE("asyncio.stream-writer.drain.at-once", "below the high water mark it does not wait") {
  asyncio::run(drain_at_once());
}

namespace {
Coroutine<> drain_waits() {
  const Ends both = co_await ends();
  both.writer.write(std::string(large, 'x'));
  log(both.writer.transport().get_write_buffer_size() > 1 << 16);
  std::vector<asyncio::Task<>> drained;
  for (int i = 0; i < 10; ++i) drained.push_back(asyncio::create_task(both.writer.drain()));
  co_await turns(5);
  log(std::count_if(drained.begin(), drained.end(), [](const auto& task) { return task.done(); }));
  std::size_t taken = 0;
  while (!drained[0].done()) {
    const std::string block = co_await both.other_reader.read(1 << 16);
    taken += block.size();
  }
  log(both.writer.transport().get_write_buffer_size() <= 1 << 14, taken > large / 2);
  for (const auto& task : drained) co_await task;
  both.writer.transport().abort();
  both.other.transport().abort();
}
}  // namespace
CASE("asyncio.stream-writer.drain.waits",
     "above the high water mark it waits for the low one; all who wait go on") {
  asyncio::run(drain_waits());
}

namespace {
constexpr std::size_t chunk = 10000;
Coroutine<> write_chunks(StreamWriter writer, std::shared_ptr<std::size_t> most) {
  for (int i = 0; i < 1000; ++i) {
    writer.write(std::string(chunk, 'x'));
    *most = std::max(*most, writer.transport().get_write_buffer_size());
    co_await writer.drain();
  }
  writer.close();
}
Coroutine<> drain_bounded() {
  const Ends both = co_await ends(1000);
  const auto most = std::make_shared<std::size_t>(0);
  const auto task = asyncio::create_task(write_chunks(both.writer, most));
  co_await turns(10);
  log(task.done());
  std::size_t taken = 0;
  for (;;) {
    const std::string block = co_await both.other_reader.read(30000);
    if (block.empty()) break;
    taken += block.size();
  }
  co_await task;
  log(taken, *most <= (1 << 16) + chunk);
  both.other.close();
}
}  // namespace
CASE("asyncio.stream-writer.drain.bounded",
     "who drains holds no more than the mark and a chunk, however slow the peer") {
  asyncio::run(drain_bounded());
}

namespace {
Coroutine<> drain_cancel() {
  const Ends both = co_await ends();
  both.writer.write(std::string(large, 'x'));
  const auto first = asyncio::create_task(both.writer.drain());
  const auto second = asyncio::create_task(both.writer.drain());
  co_await turns();
  first.cancel();
  const std::string cancelled = co_await said(first);
  log(cancelled, second.done());
  both.writer.write_eof();
  const std::string all = co_await both.other_reader.read();
  log(all.size(), co_await said(second));
  co_await end(both.writer);
  co_await end(both.other);
}
}  // namespace
CASE("asyncio.stream-writer.drain.cancel",
     "a cancelled drain leaves the others waiting, and loses nothing") {
  asyncio::run(drain_cancel());
}

namespace {
Coroutine<> drain_lost() {
  const auto messages = heard();
  {
    Pair pair = co_await one_end();
    pair.peer.close();
    bool lost = false;
    while (!lost) {
      pair.writer->write("foo\n");
      try {
        co_await pair.writer->drain();
      } catch (const tandem::ConnectionError&) {
        lost = true;
      }
    }
    log(lost, co_await said(pair.writer->drain()), *messages);
  }
  const Pair pair = co_await one_end();
  pair.writer->close();
  pair.writer->write("data");
  log(co_await said(pair.writer->drain()), *messages);
}
}  // namespace
CASE("asyncio.stream-writer.drain.lost", "ConnectionResetError where the connection is gone") {
  asyncio::run(drain_lost());
}

namespace {
Coroutine<> drain_exception() {
  const Pair pair = co_await one_end();
  pair.reader.set_exception(error<tandem::ValueError>("broken"));
  log(co_await said(pair.writer->drain()));
  co_await end(*pair.writer);
}
}  // namespace
CASE("asyncio.stream-writer.drain.exception", "what the reader was told") {
  asyncio::run(drain_exception());
}

namespace {
Coroutine<> close_flushes() {
  const Ends both = co_await ends();
  both.writer.write(std::string(large, 'x'));
  log(both.writer.is_closing());
  both.writer.close();
  both.writer.close();
  const auto closed = asyncio::create_task(both.writer.wait_closed());
  co_await turns(5);
  log(both.writer.is_closing(), closed.done());
  const std::string all = co_await both.other_reader.read();
  log(all.size(), co_await said(closed));
  co_await end(both.other);
}
}  // namespace
CASE("asyncio.stream-writer.close.flushes", "what was written is sent; then the connection ends") {
  asyncio::run(close_flushes());
}

namespace {
Coroutine<> ends_the_reader() {
  const auto messages = heard();
  const Pair pair = co_await one_end();
  pair.peer.send("unread");
  co_await turns(3);
  const auto waiting = asyncio::create_task(pair.reader.readexactly(100));
  co_await turns(2);
  pair.writer->close();
  const std::string closed = co_await said(pair.writer->wait_closed());
  const std::string incomplete = co_await said(waiting);
  const bool at_eof = pair.reader.at_eof();
  log(closed, incomplete, at_eof, co_await said(pair.reader.read()));
  log(co_await said(pair.writer->wait_closed()), *messages);
}
}  // namespace
CASE("asyncio.stream-writer.close.ends-the-reader", "who closes reads the end") {
  asyncio::run(ends_the_reader());
}

namespace {
Coroutine<> close_order() {
  const Pair pair = co_await one_end();
  const auto task = asyncio::create_task(pair.writer->wait_closed());
  co_await turns(2);
  pair.writer->close();
  log(pair.reader.at_eof(), task.done());
  co_await turns();
  log(pair.reader.at_eof(), task.done());
  co_await turns();
  log(pair.reader.at_eof(), task.done());
}
}  // namespace
CASE("asyncio.stream-writer.close.order",
     "the end is told one turn after close(), who waits for it goes on in the next") {
  asyncio::run(close_order());
}

namespace {
Coroutine<> wait_closed_error() {
  const Socket server = listening();
  const int port = server.name().port();
  auto [reader, writer] = co_await asyncio::open_connection("127.0.0.1", port);
  Socket peer = accepted(server);
  writer.write("hello");
  peer.reset();
  log(co_await said(reader.read()));
  const std::string broken = co_await said(writer.wait_closed());
  const bool closing = writer.is_closing();
  log(broken, closing, co_await said(reader.readline()));
}
}  // namespace
CASE("asyncio.stream-writer.wait-closed.error", "what has broken the connection") {
  asyncio::run(wait_closed_error());
}

namespace {
Coroutine<> extra_info() {
  const Socket server = listening();
  const asyncio::Address place = server.name();
  auto [reader, writer] = co_await asyncio::open_connection("127.0.0.1", place.port());
  const Socket peer = accepted(server);
  sockaddr_in native{};
  socklen_t size = sizeof native;
  checked(::getpeername(peer.fd, reinterpret_cast<sockaddr*>(&native), &size));
  const asyncio::Address address("127.0.0.1", ntohs(native.sin_port));
  log(writer.get_extra_info("peername").address() == place,
      writer.get_extra_info("peername").address().host());
  log(writer.get_extra_info("sockname").address() == address,
      writer.get_extra_info("sockname").address().port() == address.port());
  log(writer.get_extra_info("socket").socket().getsockname() == address,
      writer.get_extra_info("socket").fileno() > 2);
  const auto none = [&writer](const char* name) {
    return writer.get_extra_info(name) ? "something" : "None";
  };
  log(none("sslcontext"), none("pipe"), writer.get_extra_info("x") ? "something" : "default");
  log(writer.transport().get_extra_info("peername").address() ==
      writer.get_extra_info("peername").address());
  co_await end(writer);
  log(writer.get_extra_info("peername").address() == place);
}
}  // namespace
CASE("asyncio.stream-writer.extra-info", "names of both ends, the socket, a default") {
  asyncio::run(extra_info());
}

namespace {
Coroutine<> printed() {
  const Socket server = listening();
  auto [reader, writer] = co_await asyncio::open_connection("127.0.0.1", server.name().port());
  const Socket peer = accepted(server);
  const auto socket = writer.get_extra_info("socket").socket();
  const int port = server.name().port(), own = socket.getsockname().port(), fd = socket.fileno();
  const auto shown = [&](const auto& what) {
    std::ostringstream out;
    out << what;
    std::string text = replaced(out.str(), " fd=" + std::to_string(fd), " fd=N");
    text = replaced(text, std::to_string(port) + ")", "THERE)");
    return replaced(text, std::to_string(own) + ")", "HERE)");
  };
  log(shown(writer.get_extra_info("peername")), shown(writer.get_extra_info("sockname")),
      shown(writer.get_extra_info("x")));
  log(shown(writer.get_extra_info("socket")));
  co_await end(writer);
  log(shown(socket));
}
}  // namespace
CASE("asyncio.stream-writer.extra-info.printed",
     "addresses as Python prints them, and the socket") {
  asyncio::run(printed());
}

namespace {
Coroutine<> unnamed() {
  const Pair pair = co_await one_end();
  const auto info = [&pair](const char* name) {
    return to_string(pair.writer->get_extra_info(name));
  };
  const auto fd = std::to_string(pair.writer->get_extra_info("socket").fileno());
  log("[" + info("peername") + "]", "[" + info("sockname") + "]",
      replaced(info("socket"), " fd=" + fd, " fd=N"));
  co_await end(*pair.writer);
}
}  // namespace
CASE("asyncio.stream-writer.extra-info.unnamed", "the empty name of a Unix socket") {
  asyncio::run(unnamed());
}

namespace {
Coroutine<> nodelay() {
  const Socket server = listening();
  const int port = server.name().port();
  auto [reader, writer] = co_await asyncio::open_connection("127.0.0.1", port);
  int on = 0;
  socklen_t size = sizeof on;
  checked(
      ::getsockopt(writer.get_extra_info("socket").fileno(), IPPROTO_TCP, TCP_NODELAY, &on, &size));
  log(on != 0);
  co_await end(writer);
}
}  // namespace
CASE("asyncio.stream-writer.nodelay", "small writes to a network are sent at once") {
  asyncio::run(nodelay());
}

namespace {
Coroutine<> dropped() {
  Pair pair = co_await one_end();
  Texts lines;
  const auto sink = tandem::log_sink([&](std::string_view line) { lines.emplace_back(line); });
  pair.writer.reset();
  tandem::log_sink(sink);
  for (const auto& line : lines) log(replaced(before(line, " transport="), ":", ""));
  log(co_await said(pair.reader.read()));
}
}  // namespace
CASE("asyncio.stream-writer.dropped", "one that nobody has is closed, and reported") {
  asyncio::run(dropped());
}

namespace {
Coroutine<> repr_of_writers() {
  const Pair pair = co_await one_end();
  log(without_numbers(*pair.writer));
  co_await end(*pair.writer);
  log(without_numbers(*pair.writer));
}
}  // namespace
CASE("asyncio.stream-writer.repr", "its transport and its reader") {
  asyncio::run(repr_of_writers());
}
