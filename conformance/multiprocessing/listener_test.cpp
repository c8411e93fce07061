// multiprocessing.connection.Listener, Client
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "conformance/multiprocessing/support.hpp"
#include "tandem/os.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using mp::Connection;
using mp::Context;
using mp::Process;
using mp::connection::Address;
using mp::connection::Client;
using mp::connection::ClientOptions;
using mp::connection::Listener;
using mp::connection::ListenerOptions;

namespace {

using Bytes = std::string;

const std::vector<std::string> families{"AF_INET", "AF_UNIX"};

Listener listener_of(const std::string& family) { return Listener({.family = family}); }

// A call that makes a connection, in a thread of its own; then there is said: what it raised.
class Call {
 public:
  template <class Act>
  explicit Call(Act act)
      : thread_([this, act = std::move(act)] { said = raised([&] { result.emplace(act()); }); }) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  bool is_alive() const { return thread_.joinable(); }

  std::string said;
  std::optional<Connection> result;

 private:
  std::thread thread_;
};

std::unique_ptr<Call> client_call(const Listener& listener, ClientOptions options = {}) {
  return std::make_unique<Call>(
      [address = listener.address(), options] { return Client(address, options); });
}
std::unique_ptr<Call> accept_call(const Listener& listener) {
  return std::make_unique<Call>([listener] { return listener.accept(); });
}

// Both ends of a connection through the listener.
std::pair<Connection, Connection> pair(const Listener& listener,
                                       const ClientOptions& options = {}) {
  const auto call = client_call(listener, options);
  Connection accepted = listener.accept();
  call->join();
  return {accepted, call->result.value()};
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  return names;
}

std::string kind_of(const std::string& said) { return said.substr(0, said.find(':')); }

template <class... C>
void closed(const C&... connections) {
  (connections.close(), ...);
}

}  // namespace

// ---- addresses

CASE("multiprocessing.listener.address.family", "an address that nobody has, of the family") {
  const Listener unnamed;
  log(unnamed.address().is_path() ? "str" : "tuple",
      std::filesystem::path(unnamed.address().path()).filename().string().substr(0, 9));
  const Listener inet = listener_of("AF_INET");
  log(inet.address().host(), inet.address().port() > 0);
  const Listener unix = listener_of("AF_UNIX");
  struct stat status {};
  checked(::stat(unix.address().path().c_str(), &status));
  log(S_ISSOCK(status.st_mode));
}

CASE("multiprocessing.listener.address.given", "or that which is given") {
  const Folder folder;
  {
    const Listener listener(folder.path("socket"));
    folder.log(str(listener.address().path()) + " " + repr(names_in(folder.top)));
  }
  log(names_in(folder.top));
  int port = 0;
  {
    const Listener listener(Address("localhost", 0));
    port = listener.address().port();
    log(listener.address().host(), port > 0);
  }
  const Listener listener(Address("127.0.0.1", port));
  log(listener.address() == Address("127.0.0.1", port));
}

CASE("multiprocessing.listener.address.abstract", "which may be a name that is no file") {
  const std::string name = std::string(1, '\0') + "tandem-" + std::to_string(tandem::os::getpid());
  {
    const Listener listener(name);
    const Connection client = Client(listener.address()), accepted = listener.accept();
    client.send(1729);
    log(accepted.recv<int>());
    log(std::filesystem::exists(name.substr(1)));
  }
  const Listener listener(name);
  log("again");
}

CASE("multiprocessing.listener.address.in-use", "nobody else can have it meanwhile") {
  const Folder folder;
  const Listener file(folder.path("socket"));
  folder.log(raised([&] { Listener(file.address()); }));
  const Listener inet(Address("localhost", 0));
  log(raised([&] { Listener(inet.address()); }));
}

CASE("multiprocessing.listener.address.unknown-family", "a family that there is not") {
  log(raised([] { listener_of("AF_PIPE"); }));
  log(raised([] { Listener("\\\\.\\pipe\\x"); }));
  log(raised([] { Client("\\\\.\\pipe\\x"); }));
}

CASE("multiprocessing.listener.address.nobody", "an address at which nobody listens") {
  const Folder folder;
  folder.log(raised([&] { Client(folder.path("socket")); }));
  { const Listener listener(folder.path("socket")); }
  folder.log(raised([&] { Client(folder.path("socket")); }));
  std::optional<Listener> listener(Address("localhost", 0));
  const Address address = listener->address();
  listener.reset();
  log(raised([&] { Client(address); }));
}

// ---- accept() and Client()

namespace {

Address address_of(const std::string& path, int port) {
  return path.empty() ? Address("127.0.0.1", port) : Address(path);
}

void client_of(const std::string& path, int port) {
  const Connection connection = Client(address_of(path, port));
  connection.send("hello");
  connection.send_bytes("bytes");
  connection.recv<std::string>();
  connection.close();
}

void client_in_haste(const std::string& path, int port) {
  const Connection connection = Client(address_of(path, port));
  connection.send("hello");
  connection.close();
}

// A child that is told the address of the listener.
template <class F, class... A>
Process started_for(const Listener& listener, const Context& context, F target, A... args) {
  const Address address = listener.address();
  return address.is_path()
             ? started(context, target, address.path(), 0, std::move(args)...)
             : started(context, target, std::string(), address.port(), std::move(args)...);
}

}  // namespace

CASE("multiprocessing.listener.accept.process", "a connection for each client") {
  each_method([](const Context& context) {
    for (const auto& family : families) {
      const Listener listener = listener_of(family);
      const Process process = started_for(listener, context, client_of);
      const Connection connection = listener.accept();
      Log{connection.recv<std::string>(), connection.recv_bytes(), connection.readable(),
          connection.writable()};
      connection.send("bye");
      process.join();
      Log{process.exitcode(), raised([&] { connection.recv<int>(); })};
      connection.close();
      listener.close();
    }
  });
}

CASE("multiprocessing.listener.accept.late", "also when the client has gone by then") {
  each_method([](const Context& context) {
    for (const auto& family : families) {
      const Listener listener = listener_of(family);
      started_for(listener, context, client_in_haste).join();
      const Connection connection = listener.accept();
      Log{connection.recv<std::string>(), raised([&] { connection.recv<int>(); })};
    }
  });
}

CASE("multiprocessing.listener.accept.waits", "accept() waits for one") {
  const Listener listener;
  Call call([&] { return listener.accept(); });
  wait_until_blocked(1);
  log(call.is_alive());
  const Connection client = Client(listener.address());
  call.join();
  client.send("now");
  log(call.result->recv<std::string>());
  call.result->close();
}

CASE("multiprocessing.listener.accept.order", "several clients, in their order") {
  for (const auto& family : families) {
    const Listener listener({.family = family, .backlog = 5});
    std::vector<Connection> clients, accepted;
    for (int number = 0; number < 3; ++number) clients.push_back(Client(listener.address()));
    for (int number = 0; number < 3; ++number)
      clients[static_cast<std::size_t>(number)].send(number);
    for (int number = 0; number < 3; ++number) accepted.push_back(listener.accept());
    std::vector<int> received;
    for (const Connection& connection : accepted) received.push_back(connection.recv<int>());
    log(received);
  }
}

CASE("multiprocessing.listener.last-accepted", "the address of the last client") {
  for (const auto& family : families) {
    const Listener listener = listener_of(family);
    log(listener.last_accepted());
    const auto [accepted, client] = pair(listener);
    const Address last = listener.last_accepted().value();
    if (last.is_path())
      log(repr(last.path()));
    else
      log(last.host(), last.port() > 0);
    closed(accepted, client);
  }
}

CASE("multiprocessing.listener.connection", "a connection as those of Pipe()") {
  for (const auto& family : families) {
    const Listener listener = listener_of(family);
    const auto ends = pair(listener);
    const auto& [one, other] = ends;
    log(one.poll(), one.poll(times::must_expire));
    for (const Bytes& message : {Bytes("hello"), Bytes(), Bytes(100000, 'x')}) {
      other.send_bytes(message);
      Log{one.poll(times::must_not_expire), one.recv_bytes() == message};
    }
    one.send(std::tuple(1, std::string("a"), std::optional<int>()));
    const auto value = other.recv<std::tuple<int, std::string, std::optional<int>>>();
    std::string text = repr(value);
    text.front() = '[', text.back() = ']';
    log(text, other.fileno() >= 0);
    one.send_bytes("too long");
    Bytes buffer(3, '\0');
    log(raised([&] { ends.second.recv_bytes_into(buffer); }));
    one.close();
    Log{other.poll(times::must_not_expire), raised([&] { ends.second.recv<int>(); })};
    other.close();
  }
}

CASE("multiprocessing.listener.connection.large", "16 MiB too") {
  for (const auto& family : families) {
    const Listener listener = listener_of(family);
    const auto ends = pair(listener);
    Bytes message(16 << 20, '\0');
    for (std::size_t index = 0; index < message.size(); ++index)
      message[index] = static_cast<char>(index);
    std::string said;
    std::thread thread([&] { said = raised([&] { ends.first.send_bytes(message); }); });
    log(ends.second.recv_bytes() == message);
    thread.join();
    log(said);
    closed(ends.first, ends.second);
  }
}

CASE("multiprocessing.listener.wait", "wait() tells who has something to say") {
  using Connections = std::vector<Connection>;
  const Listener listener;
  const auto first = pair(listener), second = pair(listener);
  const Connections readers{first.first, second.first};
  log(std::vector<int>(mp::connection::wait(readers, 0s).size()));
  second.second.send(1);
  log(mp::connection::wait(readers) == Connections{second.first});
  first.second.close();
  log(mp::connection::wait(readers) == readers);
  EXPECT_TRUE(mp::connection::wait({listener}, 0s).empty());
  const Connection knocking = Client(listener.address());
  EXPECT_EQ(mp::connection::wait({listener}).size(), 1U);
  closed(first.first, second.first, second.second, knocking);
}

namespace {

void listen(const Connection& connection) {
  for (const auto& family : families) {
    const Listener listener = listener_of(family);
    connection.send(listener.address().is_path() ? listener.address().path() : std::string());
    connection.send(listener.address().is_path() ? 0 : listener.address().port());
    connection.send(listener.accept());
  }
  connection.recv<int>();
}

}  // namespace

CASE("multiprocessing.listener.connection.sent", "it can be sent through another") {
  each_method([](const Context& context) {
    const auto [here, there] = context.Pipe();
    const Process process = started(context, listen, there);
    there.close();
    for (const auto& family : families) {
      const auto path = here.recv<std::string>();
      const Connection client = Client(address_of(path, here.recv<int>()));
      const auto accepted = here.recv<Connection>();
      client.send(family);
      log(accepted.recv<std::string>());
      std::string lower = family;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return static_cast<char>(std::tolower(c)); });
      accepted.send(lower);
      log(client.recv<std::string>());
    }
    here.send(0);
    process.join();
    here.close();
  });
}

// ---- the end

CASE("multiprocessing.listener.close.closed", "a closed listener accepts nobody") {
  const Listener listener;
  listener.close();
  listener.close();
  log(std::nullopt, std::nullopt, raised([&] { listener.accept(); }));
}

CASE("multiprocessing.listener.close.file", "its file is gone") {
  const Folder folder;
  const Listener listener(folder.path("socket"));
  log(names_in(folder.top));
  listener.close();
  log(names_in(folder.top));
  Listener(folder.path("socket")).close();
  log(names_in(folder.top));
}

CASE("multiprocessing.listener.close.scope", "the end of its scope closes it") {
  const Folder folder;
  std::optional<Listener> listener(folder.path("socket"));
  {
    const Listener copy = *listener;
    const Connection client = Client(listener->address()), accepted = copy.accept();
    client.send(1729);
    log(accepted.recv<int>());
    listener.reset();
    EXPECT_EQ(names_in(folder.top).size(), 1U);
  }
  // There is no name for what is closed: nobody listens any more.
  EXPECT_TRUE(names_in(folder.top).empty());
  log("OSError: listener is closed", true, true);
}

CASE("multiprocessing.listener.close.connections", "what it has accepted stays open") {
  for (const auto& family : families) {
    const Listener listener = listener_of(family);
    const auto [one, other] = pair(listener);
    listener.close();
    one.send(1);
    log(other.recv<int>());
    closed(one, other);
  }
}

// ---- the key

CASE("multiprocessing.listener.authkey.same", "both sides have the key") {
  using namespace std::string_literals;
  std::string long_key;
  for (int count = 0; count < 100; ++count) long_key += "\x00\xff"s;
  for (const auto& family : families) {
    for (const auto& key : {"secret"s, long_key}) {
      const Listener listener({.family = family, .authkey = key});
      const auto [one, other] = pair(listener, {.authkey = key});
      other.send(1729);
      log(one.recv<int>());
      closed(one, other);
    }
  }
}

CASE("multiprocessing.listener.authkey.empty", "which may be empty") {
  const Listener listener({.authkey = ""});
  const auto [one, other] = pair(listener, {.authkey = ""});
  other.send(1729);
  log(one.recv<int>());
  closed(one, other);
}

CASE("multiprocessing.listener.authkey.different", "or neither is let in") {
  const Listener listener({.authkey = "secret"});
  const auto call = client_call(listener, {.authkey = "another"});
  log(raised([&] { listener.accept(); }));
  call->join();
  log(call->said);
  const auto [one, other] = pair(listener, {.authkey = "secret"});
  log("the next one is");
  closed(one, other);
}

CASE("multiprocessing.listener.authkey.missing",
     "who has none sends no answer, or gets a challenge that is no value") {
  const Listener listener({.authkey = "secret"});
  const auto client = client_call(listener);
  const auto accept = accept_call(listener);
  client->join();
  Log{client->said, client->result->recv_bytes().substr(0, 11)};
  client->result->close();
  accept->join();
  log(std::set<std::string>{"EOFError", "ConnectionResetError", "BrokenPipeError"}.contains(
      kind_of(accept->said)));
}

CASE("multiprocessing.listener.authkey.bogus-answer", "an answer of another kind is refused") {
  const Listener listener({.authkey = "secret"});
  const auto accept = accept_call(listener);
  const Connection client = Client(listener.address());
  log(client.recv_bytes().substr(0, 11));
  client.send_bytes("something bogus");
  log(client.recv_bytes());
  accept->join();
  log(kind_of(accept->said));
}

CASE("multiprocessing.listener.authkey.bogus-challenge", "and so is a challenge of another kind") {
  const Listener listener;
  const auto client = client_call(listener, {.authkey = "secret"});
  const Connection connection = listener.accept();
  connection.send_bytes("something bogus");
  client->join();
  log(kind_of(client->said));
}

CASE("multiprocessing.listener.authkey.rejected", "or a welcome") {
  const Listener listener;
  const auto client = client_call(listener, {.authkey = "secret"});
  const Connection connection = listener.accept();
  connection.send_bytes("#CHALLENGE#{sha256}" + Bytes(40, 'x'));
  connection.recv_bytes();
  connection.send_bytes("something bogus");
  client->join();
  log(kind_of(client->said));
}

CASE("multiprocessing.listener.authkey.too-long",
     "nobody makes us read more than 256 bytes before that") {
  const Listener listener({.authkey = "secret"});
  const auto accept = accept_call(listener);
  const Connection client = Client(listener.address());
  client.recv_bytes();
  client.send_bytes(Bytes(257, 'x'));
  accept->join();
  log(accept->said);
}

namespace {

void client_with_key(const std::string& path, int port) {
  Client(address_of(path, port), {.authkey = mp::current_process().authkey()}).send("hello");
}

void signal_and_connect(const std::string& path, int port, int pid) {
  for (int count = 0; count < 3; ++count) ::kill(pid, SIGUSR1);
  if (Client(address_of(path, port)).recv<std::string>() != "welcome") ::_exit(2);
}

}  // namespace

CASE("multiprocessing.listener.authkey.process",
     "the key of the process is known to its children") {
  each_method([](const Context& context) {
    const Listener listener({.authkey = mp::current_process().authkey()});
    const Process process = started_for(listener, context, client_with_key);
    const Connection connection = listener.accept();
    log(connection.recv<std::string>());
    process.join();
    log(process.exitcode());
  });
}

// ---- signals

CASE("multiprocessing.listener.accept.signal",
     "a signal that is handled meanwhile does not end accept()") {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  checked(::sigaction(SIGUSR1, &action, &before));
  each_method([](const Context& context) {
    const Listener listener;
    const Process process =
        started_for(listener, context, signal_and_connect, tandem::os::getpid());
    const Connection connection = listener.accept();
    connection.send("welcome");
    process.join();
    log(process.exitcode());
  });
  ::sigaction(SIGUSR1, &before, nullptr);
}
