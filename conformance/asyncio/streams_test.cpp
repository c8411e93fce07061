// asyncio's connections and servers
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "conformance/asyncio/network.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;
using asyncio::Server;
using asyncio::StreamReader;
using asyncio::StreamWriter;

namespace {

using Streams = std::pair<StreamReader, StreamWriter>;
using Connecting = Coroutine<Streams>;

Coroutine<> end(StreamWriter writer) {
  writer.close();
  co_await writer.wait_closed();
}
Coroutine<> end(Server server) {
  server.close();
  co_await server.wait_closed();
}

// Answers one line with itself.
Coroutine<> echo_line(StreamReader reader, StreamWriter writer) {
  writer.write(co_await reader.readline());
  co_await writer.drain();
  co_await end(writer);
}

// Stays until the other side ends.
Coroutine<> until_end(StreamReader reader, StreamWriter writer) {
  co_await reader.read();
  co_await end(writer);
}

// Sends a line, and returns what comes back.
Coroutine<std::string> ask(Connecting connection, std::string line = "hello world!\n") {
  auto [reader, writer] = co_await std::move(connection);
  writer.write(line);
  std::string answer = co_await reader.readline();
  co_await end(writer);
  co_return answer;
}

asyncio::Address place(const Server& server) { return server.sockets().at(0).getsockname(); }
int port_of(const Server& server) { return place(server).port(); }
Connecting to(const Server& server) {
  return asyncio::open_connection(place(server).host(), port_of(server));
}

// What making a server raises, or "nothing"; then it is closed.
Coroutine<std::string> serving(Coroutine<Server> starting) {
  std::exception_ptr caught;
  try {
    const Server server = co_await std::move(starting);
    server.close();
  } catch (...) {
    caught = std::current_exception();
  }
  co_return raised_by(caught);
}

// A port at which nobody listens.
Coroutine<int> refused() {
  const Server server = co_await asyncio::start_server(until_end, "127.0.0.1", 0);
  const int port = port_of(server);
  co_await end(server);
  co_return port;
}

bool exists(const std::string& path) { return std::filesystem::exists(path); }

}  // namespace

// ---- connections

namespace {
Coroutine<> tcp() {
  const Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
  const int port = port_of(server);
  log(co_await said(ask(asyncio::open_connection("127.0.0.1", port))));
  log(co_await said(ask(asyncio::open_connection("localhost", port))));
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.tcp", "a server and a client by host and port") { asyncio::run(tcp()); }

namespace {
Coroutine<> unix_streams(std::string path) {
  const Server server = co_await asyncio::start_unix_server(echo_line, path);
  log(std::filesystem::is_socket(path), replaced(to_string(place(server)), path, "DIR/socket"));
  log(co_await said(ask(asyncio::open_unix_connection(path))));
  auto [reader, writer] = co_await asyncio::open_unix_connection(path);
  log(replaced(to_string(writer.get_extra_info("peername").address()), path, "DIR/socket"),
      shown(to_string(writer.get_extra_info("sockname").address())));
  co_await end(writer);
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.unix", "a server and a client by path") {
  const OwnFolder folder;
  asyncio::run(unix_streams(folder.path("socket")));
}

namespace {
Coroutine<> abstract() {
  const std::string name = std::string(1, '\0') + "tandem-case-" + std::to_string(::getpid());
  const Server server = co_await asyncio::start_unix_server(echo_line, name);
  const std::string answer = co_await said(ask(asyncio::open_unix_connection(name)));
  log(answer, place(server).path() == name);
  co_await end(server);
  log(before(co_await said(ask(asyncio::open_unix_connection(name))), "]"));
}
}  // namespace
CASE("asyncio.streams.abstract", "a path that begins with a zero byte is no file") {
  asyncio::run(abstract());
}

namespace {
Coroutine<> own_sockets(std::string path) {
  {
    Socket listening_socket = listening();
    const Server server =
        co_await asyncio::start_server(echo_line, {}, {}, {.sock = listening_socket.release()});
    Socket client = connected(place(server));
    log(co_await said(ask(asyncio::open_connection({}, {}, {.sock = client.release()}))));
    co_await end(server);
  }
  Socket listening_socket = bound(path);
  const Server server =
      co_await asyncio::start_unix_server(echo_line, {}, {.sock = listening_socket.release()});
  Socket client = connected(path);
  log(co_await said(ask(asyncio::open_unix_connection({}, {.sock = client.release()}))));
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.sock", "sockets of one's own, bound or connected already") {
  const OwnFolder folder;
  asyncio::run(own_sockets(folder.path("socket")));
}

namespace {
Coroutine<> ipv6() {
  const Server server = co_await asyncio::start_server(echo_line, "::1", 0);
  const std::string answer = co_await said(ask(asyncio::open_connection("::1", port_of(server))));
  log(place(server).host(), answer);
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.ipv6", "also by version 6 of the internet's protocol") {
  asyncio::run(ipv6());
}

namespace {
Coroutine<> limits() {
  const auto seen = std::make_shared<Texts>();
  const auto serve = [seen](StreamReader reader, StreamWriter writer) {
    seen->push_back(before(to_string(reader), " transport"));
    writer.close();
  };
  const Server server = co_await asyncio::start_server(serve, "127.0.0.1", 0, {.limit = 123});
  const int port = port_of(server);
  auto [reader, writer] = co_await asyncio::open_connection("127.0.0.1", port, {.limit = 45});
  const std::string own = before(to_string(reader), " transport");
  const std::string nothing = co_await said(reader.read());
  log(own, nothing, *seen);
  log(co_await raised_by_awaiting(asyncio::open_connection("127.0.0.1", port, {.limit = 0})));
  co_await end(writer);
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.limit", "of the readers on both sides") { asyncio::run(limits()); }

namespace {
Coroutine<> refused_connections(std::string folder) {
  const int port = co_await refused();
  const std::string error =
      co_await raised_by_awaiting(asyncio::open_connection("127.0.0.1", port));
  log(replaced(error, std::to_string(port), "PORT"));
  log(co_await raised_by_awaiting(asyncio::open_unix_connection(folder + "/nothing")));
  const Socket nobody_listens = bound(folder + "/socket");
  log(co_await raised_by_awaiting(asyncio::open_unix_connection(folder + "/socket")));
}
}  // namespace
CASE("asyncio.streams.open-connection.refused", "the system's error, and where to") {
  const OwnFolder folder;
  asyncio::run(refused_connections(folder.top));
}

namespace {
Coroutine<> several() {
  const int port = co_await refused();
  const std::string error =
      co_await raised_by_awaiting(asyncio::open_connection("localhost", port));
  const std::string text = replaced(error, std::to_string(port), "PORT");
  const std::string name = before(text, ":");
  log(name == "OSError" || name == "ConnectionRefusedError",
      text.find("('127.0.0.1', PORT)") != text.npos);
}
}  // namespace
CASE("asyncio.streams.open-connection.several",
     "of several addresses each is tried; what all have failed with is told") {
  asyncio::run(several());
}

namespace {
Coroutine<> unknown_host() {
  try {
    co_await asyncio::open_connection("no-such-host.invalid", 1);
  } catch (const tandem::OSError& error) {
    log(std::string_view(error.what()).starts_with("[Errno -"));
  }
}
}  // namespace
CASE("asyncio.streams.open-connection.unknown-host", "gaierror, an OSError") {
  asyncio::run(unknown_host());
}

namespace {
Coroutine<> arguments() {
  SocketPair sockets;
  const Socket ours(sockets.ours);
  log(co_await raised_by_awaiting(asyncio::open_connection()));
  log(co_await raised_by_awaiting(asyncio::open_connection("127.0.0.1", 1, {.sock = ours.fd})));
  log(co_await raised_by_awaiting(asyncio::open_unix_connection()));
  log(co_await raised_by_awaiting(asyncio::open_unix_connection("x", {.sock = ours.fd})));
  log(co_await serving(asyncio::start_server(echo_line)));
  log(co_await serving(asyncio::start_server(echo_line, "127.0.0.1", 1, {.sock = ours.fd})));
  log(co_await serving(asyncio::start_unix_server(echo_line)));
  log(co_await serving(asyncio::start_unix_server(echo_line, "x", {.sock = ours.fd})));
}
}  // namespace
CASE("asyncio.streams.arguments", "an address or a socket: ValueError for neither and for both") {
  asyncio::run(arguments());
}

namespace {
Coroutine<> cancel() {
  const Socket server = listening();
  const int port = server.name().port();
  for (int number = 0; number < 5; ++number) {
    const auto task = asyncio::create_task(asyncio::open_connection("127.0.0.1", port));
    co_await turns(number);
    task.cancel();
    const std::string error = co_await raised_by_awaiting(task);
    co_await turns(3);
    if (number == 0) {  // not even begun
      log(error);
      continue;
    }
    const Socket peer = accepted(server);
    set_nonblocking(peer.fd);
    log(error, shown(peer.receive()));
  }
}
}  // namespace
CASE("asyncio.streams.open-connection.cancel", "a cancelled one leaves no connection") {
  asyncio::run(cancel());
}

namespace {
Coroutine<> reset() {
  const auto messages = heard();
  const Socket server = listening();
  const int port = server.name().port();
  auto [reader, writer] = co_await asyncio::open_connection("127.0.0.1", port);
  Socket peer = accepted(server);
  peer.send("half");
  const auto task = asyncio::create_task(reader.readexactly(10));
  co_await turns(5);
  peer.reset();
  const std::string error = co_await said(task);
  log(error, co_await said(reader.read()), *messages);
  writer.close();
}
}  // namespace
CASE("asyncio.streams.reset", "a reset in the middle of a read is raised by it") {
  asyncio::run(reset());
}

namespace {
Coroutine<> connect(std::string path) {
  const Socket server = bound(path);
  checked(::listen(server.fd, 100));
  const auto task = asyncio::create_task(asyncio::open_unix_connection(path));
  task.add_done_callback([](const asyncio::AnyFuture&) { log("done"); });
  for (int turn = 0; turn < 6; ++turn) {
    log("turn", turn);
    co_await turns();
  }
  const auto [reader, writer] = co_await task;
  co_await end(writer);
}
}  // namespace
CASE("asyncio.streams.connect", "the order of turns: connected, made, returned") {
  const OwnFolder folder;
  asyncio::run(connect(folder.path("socket")));
}

// ---- handlers

namespace {
Coroutine<> function_handler() {
  const auto tasks = std::make_shared<std::vector<asyncio::Task<>>>();
  const auto connected = [tasks](StreamReader reader, StreamWriter writer) {
    tasks->push_back(asyncio::create_task(echo_line(std::move(reader), std::move(writer))));
  };
  const Server server = co_await asyncio::start_server(connected, "127.0.0.1", 0);
  const std::string answer = co_await said(ask(to(server)));
  log(answer, tasks->size());
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.handler.function", "the handler may be a plain function") {
  asyncio::run(function_handler());
}

namespace {
struct Exception : std::exception {
  const char* what() const noexcept override { return "test"; }
};
Coroutine<> raising(StreamReader, StreamWriter) {
  throw Exception();
  co_return;
}
Coroutine<> cancelling(StreamReader, StreamWriter) {
  asyncio::current_task()->cancel();
  co_await turns();
}
Coroutine<> ending(StreamReader, StreamWriter) { co_return; }

// What a client reads from the server of that handler.
template <class F>
Coroutine<std::string> read_from(F handler) {
  const Server server = co_await asyncio::start_server(handler, "127.0.0.1", 0);
  auto [reader, writer] = co_await to(server);
  const std::string answer = co_await said(reader.read());
  co_await end(writer);
  co_await end(server);
  co_return answer;
}
template <class F>
Coroutine<> handled(F handler) {
  const auto messages = heard();
  const std::string answer = co_await read_from(handler);
  for (auto& message : *messages) message = replaced(message, "(anonymous namespace)::", "");
  log(answer, *messages);
}
// What is warned of while that handler ends with an open writer.
template <class F>
Coroutine<> unclosed(F handler) {
  const Logged logged;
  heard();
  const std::string answer = co_await read_from(handler);
  Texts warnings;
  for (const auto& message : logged.messages()) warnings.push_back(before(message, " transport="));
  log(answer, warnings);
}
}  // namespace
CASE("asyncio.streams.handler.raises", "what it raises is reported, and the connection is closed") {
  asyncio::run(handled(raising));
}
CASE("asyncio.streams.handler.cancelled",
     "a cancelled one is not reported; the connection is closed") {
  asyncio::run(handled(cancelling));
}
CASE("asyncio.streams.handler.unclosed",
     "of an open writer is warned, but not where the handler failed") {
  asyncio::run(unclosed(ending));
  asyncio::run(unclosed(raising));
  asyncio::run(unclosed(cancelling));
}

namespace {
Coroutine<> many() {
  const Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
  std::vector<Coroutine<std::string>> asking;
  Texts expected;
  for (int number = 0; number < 200; ++number) {
    expected.push_back(std::to_string(number) + "\n");
    asking.push_back(ask(to(server), expected.back()));
  }
  auto answers = asyncio::gather(std::move(asking));
  const Texts got = co_await std::move(answers);
  log(got == expected);
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.handler.many", "as many connections at once as come") {
  asyncio::run(many());
}

// ---- the server

namespace {
Coroutine<> serving_or_not() {
  {
    const Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
    log(server.is_serving(), server.sockets().size(),
        server.get_loop() == asyncio::get_running_loop());
    server.close();
    log(server.is_serving(), server.sockets().size());
  }
  const Server server =
      co_await asyncio::start_server(echo_line, "127.0.0.1", 0, {.start_serving = false});
  const std::string refusal = co_await said(ask(to(server)));
  log(server.is_serving(), before(refusal, ":"));
  co_await server.start_serving();
  co_await server.start_serving();
  const std::string answer = co_await said(ask(to(server)));
  log(server.is_serving(), answer);
  server.close();
  server.close();
  co_await server.wait_closed();
}
}  // namespace
CASE("asyncio.streams.server.serving", "from the start, or when it is told so") {
  asyncio::run(serving_or_not());
}

namespace {
// What it raises, and the server's socket while it starts and afterwards.
Coroutine<std::string> cancel_start(std::string path) {
  const auto task = asyncio::create_task(asyncio::start_unix_server(echo_line, path));
  co_await turns();
  const bool was_there = exists(path);
  task.cancel();
  const std::string cancelled = co_await raised_by_awaiting(task);
  co_return cancelled + (was_there ? ", was there" : "") + (exists(path) ? ", is there" : "");
}
}  // namespace
CASE("asyncio.streams.server.cancel", "a cancelled start leaves no server behind") {
  const OwnFolder folder;
  EXPECT_EQ(asyncio::run(cancel_start(folder.path("socket"))), "CancelledError, was there");
}

namespace {
Coroutine<> forever() {
  const Server server =
      co_await asyncio::start_server(echo_line, "127.0.0.1", 0, {.start_serving = false});
  const auto task = asyncio::create_task(server.serve_forever());
  co_await turns();
  const bool is_serving = server.is_serving();
  const std::string second = co_await said(server.serve_forever());
  const std::string answer = co_await said(ask(to(server)));
  log(is_serving, before(second, "<"), answer);
  task.cancel();
  const std::string cancelled = co_await said(task);
  log(cancelled, server.is_serving(), server.sockets().size());
  log(before(co_await said(server.serve_forever()), "<"));
}
}  // namespace
CASE("asyncio.streams.server.forever",
     "serves until it is cancelled, which closes it; once at a time") {
  asyncio::run(forever());
}

namespace {
Coroutine<> forever_closed() {
  const Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
  const auto task = asyncio::create_task(server.serve_forever());
  co_await turns();
  server.close();
  const std::string cancelled = co_await said(task);
  log(cancelled, server.is_serving());
}
}  // namespace
CASE("asyncio.streams.server.forever-closed", "close() ends serve_forever() with CancelledError") {
  asyncio::run(forever_closed());
}

namespace {
Coroutine<> ask_once(Server& server) {
  const std::string answer = co_await said(ask(to(server)));
  log(server.is_serving(), answer);
}
Coroutine<> with_server() {
  Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
  co_await asyncio::with(server, ask_once);
  log(server.is_serving(), server.sockets().size());
}
}  // namespace
CASE("asyncio.streams.server.with", "async with closes it and waits for its connections") {
  asyncio::run(with_server());
}

namespace {
Coroutine<> wait_closed() {
  const Server server = co_await asyncio::start_server(until_end, "127.0.0.1", 0);
  const auto first = asyncio::create_task(server.wait_closed());
  co_await turns(2);
  auto [reader, writer] = co_await to(server);
  const auto second = asyncio::create_task(server.wait_closed());
  co_await turns(5);
  log(first.done(), second.done());
  server.close();
  const auto third = asyncio::create_task(server.wait_closed());
  co_await turns(2);
  log(first.done(), second.done(), third.done());
  co_await end(writer);
  co_await first;
  co_await second;
  co_await third;
  log(co_await said(server.wait_closed()));
}
}  // namespace
CASE("asyncio.streams.server.wait-closed",
     "until it is closed and no connection is left, in whatever order") {
  asyncio::run(wait_closed());
}

namespace {
Coroutine<> close_keeps() {
  const Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
  const int port = port_of(server);
  auto [reader, writer] = co_await to(server);
  co_await turns(5);
  server.close();
  const std::string refusal =
      co_await raised_by_awaiting(asyncio::open_connection("127.0.0.1", port));
  log(before(refusal, ":"));
  writer.write("still there\n");
  log(co_await said(reader.readline()));
  co_await end(writer);
  co_await server.wait_closed();
}
}  // namespace
CASE("asyncio.streams.server.close-keeps",
     "close() takes no more connections, and leaves those that are there") {
  asyncio::run(close_keeps());
}

namespace {
Coroutine<> flood(StreamReader, StreamWriter writer) {
  writer.write(std::string(1 << 22, 'x'));
  co_await writer.wait_closed();
}
template <class F>
Coroutine<> close_clients(F handler, void (Server::*act)() const, std::string name) {
  const Server server = co_await asyncio::start_server(handler, "127.0.0.1", 0);
  const int port = port_of(server);
  auto [reader, writer] = co_await asyncio::open_connection("127.0.0.1", port, {.limit = 4096});
  co_await turns(10);
  const auto task = asyncio::create_task(server.wait_closed());
  co_await turns();
  log(task.done());
  server.close();
  (server.*act)();
  co_await turns(2);
  log(name, task.done());
  writer.close();
}
Coroutine<> close_and_abort_clients() {
  co_await close_clients(until_end, &Server::close_clients, "close_clients");
  co_await close_clients(flood, &Server::abort_clients, "abort_clients");
}
}  // namespace
CASE("asyncio.streams.server.close-clients",
     "closes what is connected; abort_clients() at once, whatever is left to be sent") {
  asyncio::run(close_and_abort_clients());
}

namespace {
Coroutine<std::string> answer_with(int backlog) {
  const Server server =
      co_await asyncio::start_server(echo_line, "127.0.0.1", 0, {.backlog = backlog});
  std::string answer = co_await ask(to(server));
  co_await end(server);
  co_return answer;
}
}  // namespace
CASE("asyncio.streams.server.backlog", "none is as one") {
  for (const int backlog : {1, 0, -1})
    EXPECT_EQ(asyncio::run(answer_with(backlog)), "hello world!\n");
}

namespace {
Coroutine<> no_descriptor() {
  const auto messages = heard();
  const Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
  auto [reader, writer] = co_await to(server);
  rlimit limit;
  checked(::getrlimit(RLIMIT_NOFILE, &limit));
  co_await turns(5);
  Socket blocked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const rlimit lowered{static_cast<rlim_t>(blocked.fd + 1), limit.rlim_max};
  checked(::setrlimit(RLIMIT_NOFILE, &lowered));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_of(server)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  checked(::connect(blocked.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  while (messages->empty()) co_await turns();
  checked(::setrlimit(RLIMIT_NOFILE, &limit));
  log(messages->front());
  auto [answers, other] = co_await asyncio::open_connection({}, {}, {.sock = blocked.release()});
  other.write("after all\n");
  log(co_await said(answers.readline()));
  co_await end(writer);
  co_await end(other);
  server.close();
}
}  // namespace
CASE("asyncio.streams.server.no-descriptor",
     "a server that has none left for a connection says so, and tries again") {
  asyncio::run(no_descriptor());
}

namespace {
Coroutine<> address_in_use(std::string folder) {
  const Server server = co_await asyncio::start_server(echo_line, "127.0.0.1", 0);
  const int port = port_of(server);
  const std::string error = co_await serving(asyncio::start_server(echo_line, "127.0.0.1", port));
  log(replaced(error, std::to_string(port), "PORT"));
  server.close();
  std::filesystem::create_directory(folder + "/folder");
  for (const char* name : {"/folder", "/no/such"}) {
    const std::string path = folder + name;
    log(replaced(co_await serving(asyncio::start_unix_server(echo_line, path)), folder, "DIR"));
  }
}
}  // namespace
CASE("asyncio.streams.server.address-in-use", "OSError, and which") {
  const OwnFolder folder;
  asyncio::run(address_in_use(folder.top));
}

namespace {
Coroutine<> hosts() {
  const Texts names{"127.0.0.1", "127.0.0.2", "127.0.0.1"};
  const Server server = co_await asyncio::start_server(echo_line, names, 0);
  Texts bound_to;
  for (const auto& socket : server.sockets()) bound_to.push_back(socket.getsockname().host());
  std::sort(bound_to.begin(), bound_to.end());
  log(bound_to);
  server.close();
}
}  // namespace
CASE("asyncio.streams.server.hosts", "one socket for each host") { asyncio::run(hosts()); }

// ---- the files of unix servers

namespace {
Coroutine<> stale(std::string path) {
  bound(path).close();
  const Server server = co_await asyncio::start_unix_server(echo_line, path);
  log(co_await said(ask(asyncio::open_unix_connection(path))));
  co_await end(server);
}
}  // namespace
CASE("asyncio.streams.unix-file.stale", "a socket that is there already is replaced") {
  const OwnFolder folder;
  asyncio::run(stale(folder.path("socket")));
}

namespace {
Coroutine<> removed(std::string folder) {
  const std::string path = folder + "/socket";
  {
    const Server server = co_await asyncio::start_unix_server(echo_line, path);
    log(exists(path));
    server.close();
    log(exists(path));
  }
  {
    Socket socket = bound(path);
    const Server server =
        co_await asyncio::start_unix_server(echo_line, {}, {.sock = socket.release()});
    server.close();
    log(exists(path));
  }
  {
    const Server server = co_await asyncio::start_unix_server(echo_line, path);
    std::filesystem::remove(path);
    server.close();
    log(exists(path));
  }
  {
    const Server server = co_await asyncio::start_unix_server(echo_line, path);
    std::filesystem::rename(path, folder + "/other");
    const Socket another = bound(path);
    server.close();
    log(exists(path));
  }
  std::filesystem::remove(path);
  const Server server =
      co_await asyncio::start_unix_server(echo_line, path, {.cleanup_socket = false});
  server.close();
  log(exists(path));
}
}  // namespace
CASE("asyncio.streams.unix-file.removed",
     "close() removes it, unless it is another's by now or nobody wants that") {
  const OwnFolder folder;
  asyncio::run(removed(folder.top));
}
