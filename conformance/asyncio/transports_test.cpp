// asyncio's transports and protocols
#include <pty.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>

#include "conformance/asyncio/network.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;
using asyncio::Transport;

namespace {

constexpr std::size_t large = 1 << 22;  // more than the system buffers

// Remembers what it is told.
class Recorder : public asyncio::Protocol {
 public:
  explicit Recorder(bool keep_open = false, std::string says = "")
      : keep_open_(keep_open), says_(std::move(says)) {}

  void connection_made(const Transport& made) override {
    transport = made;
    tell("made");
  }
  void data_received(std::string_view bytes) override {
    data += bytes;
    tell("data");
  }
  bool eof_received() override {
    tell("eof");
    return keep_open_;
  }
  void pause_writing() override { tell("pause"); }
  void resume_writing() override { tell("resume"); }
  void connection_lost(std::exception_ptr error) override {
    tell("lost " + (error ? raised_by(error) : "None"));
    transport = {};
    lost.set_result();
  }
  bool was_told(const std::string& what) const {
    return std::find(told.begin(), told.end(), what) != told.end();
  }

  Texts told;
  std::string data;
  Transport transport;
  const asyncio::Future<> lost;

 private:
  void tell(std::string what) {
    if (!says_.empty()) log(says_, what);
    told.push_back(std::move(what));
  }
  const bool keep_open_;
  const std::string says_;
};

// A transport and a protocol on one end of a socket pair; the other end, which does not block.
template <class P>
struct Connected {
  Connected(std::pair<Transport, std::shared_ptr<P>> made, Socket its_peer)
      : transport(made.first), protocol(made.second), peer(std::move(its_peer)) {}
  Transport transport;
  std::shared_ptr<P> protocol;
  Socket peer;
};
template <class P>
Coroutine<Connected<P>> connected_by(std::function<std::shared_ptr<P>()> make) {
  SocketPair sockets;
  auto made = co_await asyncio::create_connection(make, {}, {}, {.sock = sockets.ours});
  co_return Connected<P>(std::move(made), std::move(*sockets.theirs));
}
template <class P = Recorder>
Coroutine<Connected<P>> connected() {
  std::function<std::shared_ptr<P>()> make = [] { return std::make_shared<P>(); };
  co_return co_await connected_by<P>(std::move(make));
}

}  // namespace

// ---- protocols

namespace {
Coroutine<> protocol_order() {
  const auto served = std::make_shared<std::vector<std::shared_ptr<Recorder>>>();
  const auto serve = [served] {
    served->push_back(std::make_shared<Recorder>(false, "server"));
    return served->back();
  };
  const auto server = co_await asyncio::create_server(serve, "127.0.0.1", 0);
  const int port = server.sockets()[0].getsockname().port();
  const auto make = [] { return std::make_shared<Recorder>(); };
  auto [transport, client] = co_await asyncio::create_connection(make, "127.0.0.1", port);
  log(client->told, client->transport == transport, transport.get_protocol() == client);
  transport.write("hello");
  while (served->empty() || served->front()->data.empty()) co_await turns();
  const auto other = served->front();
  const Transport other_transport = other->transport;
  other_transport.write("answer");
  while (client->data.empty()) co_await turns();
  log(shown(other->data), shown(client->data));
  transport.write_eof();
  co_await client->lost;
  co_await other->lost;
  log(client->told, transport.is_closing(), other_transport.is_closing());
  server.close();
  co_await server.wait_closed();
}
}  // namespace
CASE("asyncio.transports.protocol.order",
     "made, data, eof, lost: in this order, each when it happens") {
  asyncio::run(protocol_order());
}

namespace {
Coroutine<> made_first() {
  SocketPair sockets;
  sockets.theirs->send("there already");
  const auto make = [] { return std::make_shared<Recorder>(false, "protocol"); };
  const auto task =
      asyncio::create_task(asyncio::create_connection(make, {}, {}, {.sock = sockets.ours}));
  task.add_done_callback([](const asyncio::AnyFuture&) { log("done"); });
  for (int turn = 0; turn < 5; ++turn) {
    log("turn", turn);
    co_await turns();
  }
  const auto [transport, protocol] = co_await task;
  transport.close();
  sockets.theirs->close();
  co_await protocol->lost;
}
}  // namespace
CASE("asyncio.transports.protocol.made-first",
     "the connection is made before create_connection() returns, in a turn of its own") {
  asyncio::run(made_first());
}

namespace {
Coroutine<> protocol_eof() {
  for (const bool keep_open : {true, false, false}) {
    std::function<std::shared_ptr<Recorder>()> make = [keep_open] {
      return std::make_shared<Recorder>(keep_open);
    };
    const auto end = co_await connected_by<Recorder>(std::move(make));
    checked(::shutdown(end.peer.fd, SHUT_WR));
    while (!end.protocol->was_told("eof")) co_await turns();
    co_await turns(3);
    log(end.transport.is_closing(), end.protocol->told);
    if (keep_open) {
      end.transport.write("answer");
      log(shown(end.peer.receive()));
      end.transport.close();
    }
    co_await end.protocol->lost;
  }
}
}  // namespace
CASE("asyncio.transports.protocol.eof",
     "a true answer keeps the sending half open, any other closes") {
  asyncio::run(protocol_eof());
}

namespace {
struct Failing : Recorder {
  void data_received(std::string_view) override { throw tandem::ValueError("bad data"); }
};
struct FailingAtEnd : Recorder {
  bool eof_received() override { throw tandem::ValueError("bad end"); }
};
template <class P>
Coroutine<> failing() {
  const auto messages = heard();
  const auto end = co_await connected<P>();
  end.peer.send("data");
  checked(::shutdown(end.peer.fd, SHUT_WR));
  co_await end.protocol->lost;
  log(*messages, end.protocol->told, end.transport.is_closing());
}
Coroutine<> protocol_raises() {
  co_await failing<Failing>();
  co_await failing<FailingAtEnd>();
}
}  // namespace
CASE("asyncio.transports.protocol.raises",
     "what data_received() raises ends the connection, and is reported") {
  asyncio::run(protocol_raises());
}

namespace {
Coroutine<> protocol_reset() {
  const auto messages = heard();
  const Socket server = listening();
  const int port = server.name().port();
  const auto make = [] { return std::make_shared<Recorder>(); };
  auto [transport, protocol] = co_await asyncio::create_connection(make, "127.0.0.1", port);
  accepted(server).reset();
  co_await protocol->lost;
  log(protocol->told, *messages);
}
}  // namespace
CASE("asyncio.transports.protocol.reset",
     "a reset is no matter for the exception handler: connection_lost() is told") {
  asyncio::run(protocol_reset());
}

namespace {
// As Python prints a list of texts and numbers.
class Buffered : public asyncio::BufferedProtocol {
 public:
  void connection_made(const Transport&) override { tell("'made'"); }
  std::span<char> get_buffer(std::ptrdiff_t its_hint) override {
    hint = its_hint;
    return buffer;
  }
  void buffer_updated(std::size_t count) override {
    data.append(buffer, 0, count);
    tell(std::to_string(count));
  }
  bool eof_received() override {
    tell("'eof'");
    return false;
  }
  void connection_lost(std::exception_ptr error) override {
    tell(error ? repr(raised_by(error)) : "None");
    lost.set_result();
  }
  std::string text() const { return "[" + told + "]"; }

  std::string told, data, buffer = std::string(100, '\0');
  std::ptrdiff_t hint = 0;
  const asyncio::Future<> lost;

 private:
  void tell(const std::string& what) { told += (told.empty() ? "" : ", ") + what; }
};
Coroutine<> buffered() {
  {
    auto end = co_await connected<Buffered>();
    std::string noise;
    for (int i = 0; i < 25; ++i) noise += "12345678+";
    end.peer.send(noise);
    while (end.protocol->data.size() != noise.size()) co_await turns();
    end.peer.close();
    co_await end.protocol->lost;
    log(end.protocol->text(), end.protocol->data == noise, end.protocol->hint);
  }
  const auto messages = heard();
  const auto end = co_await connected<Buffered>();
  end.protocol->buffer.clear();
  end.peer.send("x");
  co_await end.protocol->lost;
  log(end.protocol->text(), *messages);
}
}  // namespace
CASE("asyncio.transports.buffered", "a BufferedProtocol gives the buffer that is read into") {
  asyncio::run(buffered());
}

namespace {
Coroutine<> set_protocol() {
  const auto end = co_await connected();
  const auto second = std::make_shared<Recorder>();
  end.peer.send("one");
  while (end.protocol->data.empty()) co_await turns();
  end.transport.set_protocol(second);
  log(end.transport.get_protocol() == second);
  end.peer.send("two");
  while (second->data.empty()) co_await turns();
  end.transport.close();
  co_await second->lost;
  log(end.protocol->told, second->told);
  end.protocol->transport = {};
}
}  // namespace
CASE("asyncio.transports.set-protocol", "the next data goes to the new one, whatever kind it is") {
  asyncio::run(set_protocol());
}

// ---- reading

namespace {
Coroutine<> pause_reading() {
  const auto end = co_await connected();
  log(end.transport.is_reading());
  end.transport.pause_reading();
  end.transport.pause_reading();
  end.peer.send("data");
  co_await turns(5);
  log(end.transport.is_reading(), end.protocol->told);
  end.transport.resume_reading();
  end.transport.resume_reading();
  log(end.transport.is_reading());
  while (end.protocol->data.empty()) co_await turns();
  end.transport.close();
  end.transport.pause_reading();
  end.transport.resume_reading();
  log(end.transport.is_reading());
  co_await end.protocol->lost;
  log(end.protocol->told);
}
}  // namespace
CASE("asyncio.transports.pause-reading",
     "nothing is received while it is paused; pausing twice is as once") {
  asyncio::run(pause_reading());
}

namespace {
struct Paused : Recorder {
  void connection_made(const Transport& made) override {
    Recorder::connection_made(made);
    made.pause_reading();
  }
};
Coroutine<> pause_at_once() {
  const auto end = co_await connected<Paused>();
  end.peer.send("data");
  co_await turns(5);
  log(end.protocol->told);
  end.transport.resume_reading();
  while (end.protocol->data.empty()) co_await turns();
  end.transport.close();
  co_await end.protocol->lost;
  log(end.protocol->told);
}
}  // namespace
CASE("asyncio.transports.pause-reading.at-once",
     "also of one that has not begun: connection_made() may pause") {
  asyncio::run(pause_at_once());
}

// ---- writing

namespace {
Coroutine<> limits() {
  const auto end = co_await connected();
  log(end.transport.get_write_buffer_limits());
  const asyncio::WriteBufferLimits all[] = {
      {}, {.high = 1000}, {.low = 1000}, {.high = 5, .low = 5}, {.high = 0}, {.low = 0}};
  for (const auto& each : all) {
    end.transport.set_write_buffer_limits(each);
    log(end.transport.get_write_buffer_limits());
  }
  log(raised([&] { end.transport.set_write_buffer_limits({.high = 1, .low = 2}); }));
  log(raised([&] { end.transport.set_write_buffer_limits({.high = -1}); }));
  end.transport.close();
  co_await end.protocol->lost;
}
}  // namespace
CASE("asyncio.transports.write-buffer.limits", "64 KiB and a quarter; one follows from the other") {
  asyncio::run(limits());
}

namespace {
void fill(const Transport& transport) {
  while (transport.get_write_buffer_size() == 0) transport.write(std::string(1000, 'x'));
}
Coroutine<> pauses() {
  const auto end = co_await connected();
  fill(end.transport);
  const auto before = static_cast<std::ptrdiff_t>(end.transport.get_write_buffer_size());
  end.transport.set_write_buffer_limits({.high = before + 100, .low = before});
  log(end.protocol->told);
  end.transport.write(std::string(100, 'x'));
  log(end.protocol->told,
      static_cast<std::ptrdiff_t>(end.transport.get_write_buffer_size()) - before);
  end.transport.write("x");
  end.transport.write(std::string(1000, 'x'));
  log(end.protocol->told);
  while (end.transport.get_write_buffer_size() > 0) {
    end.peer.receive();
    co_await turns();
  }
  log(end.protocol->told);
  end.transport.set_write_buffer_limits({.high = 0});
  fill(end.transport);
  log(end.protocol->told);
  end.transport.abort();
  co_await end.protocol->lost;
  log(end.protocol->told);
}
}  // namespace
CASE("asyncio.transports.write-buffer.pauses",
     "pause_writing() once above the high mark, resume_writing() once at the low one") {
  asyncio::run(pauses());
}

namespace {
Coroutine<> after_lost() {
  const auto complaints = std::make_shared<Texts>();
  const auto sink =
      tandem::log_sink([complaints](std::string_view line) { complaints->emplace_back(line); });
  const auto messages = heard();
  auto end = co_await connected();
  end.peer.close();
  for (int i = 0; i < 8; ++i) end.transport.write("x");
  log(*complaints, end.transport.is_closing());
  co_await end.protocol->lost;
  log(end.protocol->told, *messages);
  tandem::log_sink(sink);
}
}  // namespace
CASE("asyncio.transports.write.after-lost", "is dropped; from the sixth on it is complained of") {
  asyncio::run(after_lost());
}

namespace {
Coroutine<> close_transport() {
  const auto end = co_await connected();
  end.transport.write(std::string(large, 'x'));
  end.transport.close();
  end.transport.close();
  log(end.transport.is_closing());
  std::size_t taken = 0;
  while (!end.protocol->lost.done()) {
    taken += end.peer.receive().value_or("").size();
    co_await turns();
  }
  for (;;) {
    const auto data = end.peer.receive();
    if (data == "") break;
    taken += data.value_or("").size();
  }
  end.transport.close();
  co_await turns(3);
  Texts told = end.protocol->told;
  std::erase(told, "pause");
  std::erase(told, "resume");
  log(taken, told);
}
}  // namespace
CASE("asyncio.transports.close",
     "reads no more, sends what is left, then is lost without an error; once") {
  asyncio::run(close_transport());
}

namespace {
Coroutine<> abort_transport() {
  const auto end = co_await connected();
  end.transport.write(std::string(large, 'x'));
  end.transport.abort();
  log(end.transport.is_closing(), end.transport.get_write_buffer_size());
  co_await end.protocol->lost;
  log(end.protocol->told);
}
}  // namespace
CASE("asyncio.transports.abort", "drops what is left") { asyncio::run(abort_transport()); }

namespace {
Coroutine<> cancel() {
  SocketPair sockets;
  const auto make = [] { return std::make_shared<Recorder>(false, "protocol"); };
  const auto task =
      asyncio::create_task(asyncio::create_connection(make, {}, {}, {.sock = sockets.ours}));
  co_await turns();
  task.cancel();
  try {
    co_await task;
  } catch (const asyncio::CancelledError&) {
    log("cancelled");
  }
  co_await turns(3);
  log(shown(sockets.theirs->receive()));
}
}  // namespace
CASE("asyncio.transports.cancel", "a cancelled create_connection() closes its transport") {
  asyncio::run(cancel());
}

namespace {

std::ptrdiff_t count_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd"), end;
  return std::distance(all, end);
}

// Ends while all of it is open and known by its protocol; what it made goes to seen.
Coroutine<> leave_open(std::vector<std::weak_ptr<Recorder>>* seen) {
  const auto served = std::make_shared<std::vector<std::shared_ptr<Recorder>>>();
  const auto serve = [served] {
    served->push_back(std::make_shared<Recorder>());
    return served->back();
  };
  const auto make = [] { return std::make_shared<Recorder>(); };
  const auto server = co_await asyncio::create_server(serve, "127.0.0.1", 0);
  const int port = server.sockets()[0].getsockname().port();
  auto [transport, client] = co_await asyncio::create_connection(make, "127.0.0.1", port);
  transport.pause_reading();  // nor does the loop watch it
  const PipeEnds ends;
  auto [reading, reader] = co_await asyncio::connect_read_pipe(make, ends.reader);
  auto [writing, writer] = co_await asyncio::connect_write_pipe(make, ends.writer);
  while (served->empty() || served->front()->told.empty()) co_await turns();
  for (const auto& each : {client, reader, writer, served->front()}) seen->push_back(each);
}

}  // namespace
CASE("asyncio.transports.unclosed", "what is open when its loop is closed goes with it") {
  const Logged logged;
  const auto descriptors = count_descriptors();
  std::vector<std::weak_ptr<Recorder>> seen;
  asyncio::run(leave_open(&seen));
  const auto lines = logged.messages();
  log(std::count_if(lines.begin(), lines.end(),
                    [](const auto& line) { return line.find("unclosed transport") != line.npos; }),
      count_descriptors() - descriptors, seen.size(),
      std::count_if(seen.begin(), seen.end(), [](const auto& each) { return each.expired(); }));
}

namespace {
Coroutine<> repr_of_transports() {
  const auto end = co_await connected();
  co_await turns(2);
  log(without_numbers(end.transport));
  end.transport.pause_reading();
  end.transport.write(std::string(large, 'x'));
  log(before(without_numbers(end.transport), "bufsize="));
  end.transport.abort();
  log(without_numbers(end.transport));
  co_await end.protocol->lost;
  log(without_numbers(end.transport));
}
}  // namespace
CASE("asyncio.transports.repr", "what it is doing") { asyncio::run(repr_of_transports()); }

// ---- pipes

namespace {

std::shared_ptr<Recorder> make_recorder() { return std::make_shared<Recorder>(); }

Coroutine<> read_pipe() {
  const PipeEnds ends;
  auto [transport, protocol] = co_await asyncio::connect_read_pipe(make_recorder, ends.reader);
  log(protocol->told, protocol->transport == transport,
      transport.get_extra_info("pipe").fileno() == ends.reader);
  log(before(before(without_numbers(transport), " polling"), " idle"));
  write_to(ends.writer, "1");
  while (protocol->data.size() != 1) co_await turns();
  write_to(ends.writer, "2345");
  while (protocol->data.size() != 5) co_await turns();
  ::close(ends.writer);
  co_await protocol->lost;
  log(protocol->told, shown(protocol->data));
  log(without_numbers(transport));
}

}  // namespace
CASE("asyncio.transports.read-pipe", "data, then eof, then lost") { asyncio::run(read_pipe()); }

namespace {
Coroutine<> read_pipe_close() {
  const PipeEnds ends;
  auto [transport, protocol] = co_await asyncio::connect_read_pipe(make_recorder, ends.reader);
  write_to(ends.writer, "unheard");
  transport.close();
  log(transport.is_closing(), transport.is_reading());
  co_await protocol->lost;
  // As Python, which has SIGPIPE ignored, would have it.
  const auto before_it = ::signal(SIGPIPE, SIG_IGN);
  const bool broken = ::write(ends.writer, "x", 1) < 0 && errno == EPIPE;
  ::signal(SIGPIPE, before_it);
  log(protocol->told, broken ? "BrokenPipeError: [Errno 32] Broken pipe" : "nothing");
  ::close(ends.writer);
}
}  // namespace
CASE("asyncio.transports.read-pipe.close", "reads no more, and is lost without an eof") {
  asyncio::run(read_pipe_close());
}

namespace {
Coroutine<> write_pipe() {
  const PipeEnds ends;
  auto [transport, protocol] = co_await asyncio::connect_write_pipe(make_recorder, ends.writer);
  log(protocol->told, protocol->transport == transport, transport.can_write_eof());
  transport.write("1");
  log(shown(read_from(ends.reader)));
  transport.writelines({"23", "45"});
  const auto lines = read_from(ends.reader);
  log(shown(lines), without_numbers(transport));
  transport.write_eof();
  log(transport.is_closing());
  transport.write("unheard");
  co_await protocol->lost;
  log(protocol->told, shown(read_from(ends.reader)), without_numbers(transport));
  ::close(ends.reader);
}
}  // namespace
CASE("asyncio.transports.write-pipe", "writes, and closes when it is told so") {
  asyncio::run(write_pipe());
}

namespace {
Coroutine<> write_pipe_large() {
  const PipeEnds ends;
  auto [transport, protocol] = co_await asyncio::connect_write_pipe(make_recorder, ends.writer);
  transport.write(std::string(500000, 'x'));
  transport.write(std::string(500000, 'y'));
  transport.close();
  set_nonblocking(ends.reader);
  std::string taken;
  for (;;) {
    const auto data = read_from(ends.reader, 1 << 16);
    if (data == "") break;
    if (data)
      taken += *data;
    else
      co_await turns();
  }
  co_await protocol->lost;
  log(taken.size(), std::count(taken.begin(), taken.end(), 'x'), taken.back() == 'y',
      protocol->told);
  ::close(ends.reader);
}
}  // namespace
CASE("asyncio.transports.write-pipe.large", "what does not fit follows; the end comes after it") {
  asyncio::run(write_pipe_large());
}

namespace {
Coroutine<> reader_gone() {
  const auto messages = heard();
  for (const bool is_buffered : {false, true}) {
    const PipeEnds ends;
    auto [transport, protocol] = co_await asyncio::connect_write_pipe(make_recorder, ends.writer);
    co_await turns();
    if (is_buffered) transport.write(std::string(1000000, 'x'));
    ::close(ends.reader);
    co_await protocol->lost;
    log(protocol->told, *messages);
  }
  SocketPair sockets;
  auto [transport, protocol] = co_await asyncio::connect_write_pipe(make_recorder, sockets.ours);
  transport.write("1");
  log(shown(sockets.theirs->receive()));
  sockets.theirs->close();
  co_await protocol->lost;
  log(protocol->told);
}
}  // namespace
CASE("asyncio.transports.write-pipe.reader-gone", "it is lost when nobody can read any more") {
  asyncio::run(reader_gone());
}

namespace {
Coroutine<> pty() {
  int master, slave;
  checked(::openpty(&master, &slave, nullptr, nullptr, nullptr));
  const int second = checked(::dup(slave));
  auto [reading, read] = co_await asyncio::connect_read_pipe(make_recorder, master);
  auto [writing, written] = co_await asyncio::connect_write_pipe(make_recorder, slave);
  writing.write("1");
  while (read->data.size() != 1) co_await turns();
  writing.write("2345");
  while (read->data.size() != 5) co_await turns();
  log(shown(read->data), written->told);
  writing.close();
  co_await written->lost;
  ::close(second);
  co_await read->lost;
  Texts told = read->told;
  std::erase(told, "data");
  for (auto& what : told) what = before(what, ":");
  log(shown(read->data), told, written->told);
}
}  // namespace
CASE("asyncio.transports.pty", "terminals are read and written as pipes are") {
  asyncio::run(pty());
}

namespace {
Coroutine<> pipe_file() {
  const int first = checked(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  log(co_await raised_by_awaiting(asyncio::connect_read_pipe(make_recorder, first)));
  const int second = checked(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  log(co_await raised_by_awaiting(asyncio::connect_write_pipe(make_recorder, second)));
}
}  // namespace
CASE("asyncio.transports.pipe.file", "ValueError for what is no pipe, socket or terminal") {
  asyncio::run(pipe_file());
}
