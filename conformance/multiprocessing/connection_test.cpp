// multiprocessing.Pipe, Connection, connection.wait
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <limits>
#include <map>
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
using mp::Pipe;
using mp::Process;
using mp::connection::wait;

namespace {

using Bytes = std::string;
using Connections = std::vector<Connection>;

constexpr std::size_t large = 16 << 20;

Bytes large_of(char byte) { return Bytes(large, byte); }

Bytes large_message() {
  Bytes message(large, '\0');
  for (std::size_t index = 0; index < large; ++index) message[index] = static_cast<char>(index);
  return message;
}

template <class... C>
void closed(const C&... connections) {
  (connections.close(), ...);
}
void closed(const std::pair<Connection, Connection>& ends) { closed(ends.first, ends.second); }

// The places of those that are ready.
template <class T>
std::vector<std::ptrdiff_t> places(const std::vector<T>& all, const std::vector<T>& ready) {
  std::vector<std::ptrdiff_t> found;
  for (const T& one : ready) found.push_back(std::find(all.begin(), all.end(), one) - all.begin());
  return found;
}

int is_open(const Connection& connection) { return ::fcntl(connection.fileno(), F_GETFD) >= 0; }

bool was_raised(const std::string& said) { return said != "nothing"; }

}  // namespace

// ---- Pipe()

CASE("multiprocessing.connection.pipe.duplex", "two ends, and both do both") {
  for (const auto& ends : {Pipe(), Pipe(true), Pipe(true), mp::get_context("spawn").Pipe()}) {
    for (const auto& [one, other] : {ends, std::pair(ends.second, ends.first)}) {
      log(one.readable(), one.writable(), one.closed());
      one.send("hello");
      log(other.recv<std::string>());
    }
    closed(ends);
  }
}

CASE("multiprocessing.connection.pipe.one-way", "the first receives, the second sends") {
  const auto [reader, writer] = Pipe(false);
  log(reader.readable(), reader.writable(), writer.readable(), writer.writable());
  writer.send(1);
  log(reader.recv<int>());
  writer.send_bytes("bytes");
  Log{reader.poll(), reader.recv_bytes()};
  closed(reader, writer);
}

CASE("multiprocessing.connection.pipe.wrong-way", "and nothing else") {
  const auto ends = Pipe(false);
  const auto& reader = ends.first;
  const auto& writer = ends.second;
  Bytes buffer(1, '\0');
  log(raised([&] { reader.send(2); }));
  log(raised([&] { reader.send_bytes("x"); }));
  log(raised([&] { writer.recv<int>(); }));
  log(raised([&] { writer.recv_bytes(); }));
  log(raised([&] { writer.poll(); }));
  log(raised([&] { writer.recv_bytes_into(buffer); }));
  closed(ends);
}

CASE("multiprocessing.connection.fileno", "a descriptor of its own") {
  const auto [one, other] = Pipe();
  log(is_open(one) == 1, one.fileno() >= 0, one.fileno() != other.fileno(),
      one.fileno() == one.fileno());
  closed(one, other);
}

// ---- Connection() over a descriptor

namespace {

struct Sockets {
  Sockets() {
    int ends[2];
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    one = ends[0];
    other = ends[1];
  }
  int one, other;
};

struct Ends {
  Ends() {
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC));
    reader = ends[0];
    writer = ends[1];
  }
  int reader, writer;
};

void write_all(int fd, std::string_view bytes) {
  ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

}  // namespace

CASE("multiprocessing.connection.handle.stream", "of any stream: it is the connection's then") {
  const Sockets sockets;
  const Connection one(sockets.one), other(sockets.other);
  one.send(std::tuple(1, std::string("a")));
  const auto [number, text] = other.recv<std::tuple<int, std::string>>();
  log("[" + repr(number) + ", " + repr(text) + "]", one.readable(), one.writable());
  other.send_bytes(Bytes(100000, 'x'));
  log(one.recv_bytes() == Bytes(100000, 'x'));
  one.close();
  log(raised([&] { other.recv<int>(); }));
  other.close();
  const Ends pipe;
  const Connection reader(pipe.reader, {.writable = false});
  const Connection writer(pipe.writer, {.readable = false});
  writer.send("through a pipe");
  Log{reader.recv<std::string>(), raised([&] { reader.send(1); }),
      raised([&] { writer.recv<int>(); })};
  closed(reader, writer);
}

CASE("multiprocessing.connection.handle.wire", "a message is its length and its bytes") {
  using namespace std::string_literals;
  const Sockets sockets;
  const Connection connection(sockets.one);
  connection.send_bytes("hello");
  connection.send_bytes("");
  Bytes sent(13, '\0');
  sent.resize(static_cast<std::size_t>(
      checked(static_cast<int>(::recv(sockets.other, sent.data(), sent.size(), MSG_WAITALL)))));
  log(repr(sent));
  write_all(sockets.other, "\0\0\0\3abc\0\0\0\0"s);
  write_all(sockets.other, "\xff\xff\xff\xff\0\0\0\0\0\0\0\2de"s);
  Log{repr(connection.recv_bytes()), repr(connection.recv_bytes()), repr(connection.recv_bytes())};
  ::close(sockets.other);
  log(raised([&] { connection.recv_bytes(); }));
  connection.close();
}

CASE("multiprocessing.connection.handle.cut-short", "one that ends in the middle of a message") {
  using namespace std::string_literals;
  for (const auto& part : {"\0\0"s, "\0\0\0\5hel"s}) {
    const Sockets sockets;
    const Connection connection(sockets.one);
    write_all(sockets.other, part);
    ::close(sockets.other);
    log(raised([&] { connection.recv_bytes(); }));
    connection.close();
  }
}

CASE("multiprocessing.connection.handle.invalid", "but not of what is none, or of no use") {
  log(raised([] { Connection(-1); }));
  const Ends pipe;
  log(raised([&] { Connection(pipe.reader, {.readable = false, .writable = false}); }));
  ::close(pipe.reader);
  ::close(pipe.writer);
}

// ---- send() and recv()

CASE("multiprocessing.connection.send.values", "what is sent is received, in its order") {
  const auto [one, other] = Pipe();
  one.send(1);
  one.send(2.25);
  one.send(std::optional<int>());
  one.send(true);
  one.send("text");
  one.send("");
  one.send(std::vector{1, 2});
  one.send(std::tuple(1, std::string("a")));
  one.send(std::map<int, std::string>{{1, "a"}});
  one.send(std::map<std::string, std::vector<double>>{{"a", {1.5}}});
  one.send(std::numeric_limits<std::int64_t>::min());
  one.send(std::string(1, '\0'));
  log(repr(other.recv<int>()));
  log(repr(other.recv<double>()));
  log(repr(other.recv<std::optional<int>>()));
  log(repr(other.recv<bool>()));
  log(repr(other.recv<std::string>()));
  log(repr(other.recv<std::string>()));
  log(repr(other.recv<std::vector<int>>()));
  log(repr(other.recv<std::tuple<int, std::string>>()));
  log(repr(other.recv<std::map<int, std::string>>()));
  log(repr(other.recv<std::map<std::string, std::vector<double>>>()));
  log(repr(other.recv<std::int64_t>()));
  log(repr(other.recv<std::string>()));
  closed(one, other);
}

CASE("multiprocessing.connection.send.copies", "it is a copy") {
  const auto [one, other] = Pipe();
  std::vector value{1, 2};
  one.send(value);
  value.push_back(3);
  auto received = other.recv<std::vector<int>>();
  received.push_back(4);
  log(value, received);
  closed(one, other);
}

namespace {

void echo(const Connection& connection) {
  for (;;) {
    const Bytes message = connection.recv_bytes();
    if (message.empty()) break;
    connection.send_bytes(message);
  }
  connection.close();
}

using Answer = std::pair<std::vector<int>, std::string>;

void answer(const Connection& connection) {
  while (const auto value = connection.recv<std::optional<Answer>>())
    connection.send(std::vector{*value, *value});
}

}  // namespace

CASE("multiprocessing.connection.process.echo", "an end goes to a child as an argument") {
  using namespace std::string_literals;
  each_method([](const Context& context) {
    const auto ends = context.Pipe();
    const auto& here = ends.first;
    const Process process = started(context, echo, ends.second);
    ends.second.close();
    for (const auto& message : {"hello world"s, "\0\xff\n"s, Bytes(100000, 'x')}) {
      here.send_bytes(message);
      log(here.recv_bytes() == message);
    }
    here.send_bytes("");
    Log{raised([&] { here.recv_bytes(); }), raised([&] { here.recv<int>(); })};
    process.join();
    log(process.exitcode());
    here.close();
  });
}

CASE("multiprocessing.connection.process.values", "and values go through it") {
  each_method([](const Context& context) {
    const auto [here, there] = context.Pipe();
    const Process process = started(context, answer, there);
    for (const Answer& value : {Answer{{1}, ""}, Answer{{}, "text"}, Answer{{1, 2}, "x"}}) {
      here.send(std::optional(value));
      log(repr(here.recv<std::vector<Answer>>()));
    }
    here.send(std::optional<Answer>());
    process.join();
    closed(here, there);
  });
}

CASE("multiprocessing.connection.send.large", "16 MiB are a message too") {
  const auto [here, there] = Pipe();
  const Process process = started(mp::get_context(), echo, there);
  const Bytes message = large_message();
  here.send_bytes(message);
  log(here.recv_bytes() == message);
  here.send_bytes("");
  process.join();
  closed(here, there);
}

CASE("multiprocessing.connection.send.blocks", "who sends more than the other side takes, waits") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  std::atomic<bool> sent{false};
  std::thread thread([&] {
    ends.first.send_bytes(large_of('x'));
    ends.first.send_bytes(large_of('y'));
    sent = true;
  });
  wait_until_blocked(1);
  log(sent.load());
  Log{other.recv_bytes() == large_of('x'), other.recv_bytes() == large_of('y')};
  thread.join();
  log(sent.load());
  closed(one, other);
}

CASE("multiprocessing.connection.recv.blocks", "who receives waits for a message") {
  const auto ends = Pipe();
  std::vector<std::string> received;
  std::thread thread([&] {
    auto text = ends.second.recv<std::string>();
    received.push_back(std::move(text));
  });
  wait_until_blocked(1);
  log(received);
  ends.first.send("now");
  thread.join();
  log(received);
  closed(ends);
}

namespace {

struct Base {
  virtual ~Base() = default;
  std::tuple<> reduce() const { return {}; }
};
struct Derived : Base {};

}  // namespace

CASE("multiprocessing.connection.send.unpicklable",
     "what cannot be pickled is not sent, and nothing of it") {
  // What a pointer to a base points to shows only when it is pickled.
  const std::shared_ptr<Base> derived = std::make_shared<Derived>();
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  const std::string said =
      raised([&] { ends.first.send(std::pair(std::string(1000, 'x'), derived)); });
  EXPECT_EQ(said.substr(0, said.find(':')), "PicklingError");
  log(!was_raised(said), other.poll());
  one.send("next");
  log(other.recv<std::string>());
  closed(ends);
}

CASE("multiprocessing.connection.recv.not-a-pickle", "bytes are no value") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  one.send_bytes("no pickle");
  log(!was_raised(raised([&] { ends.second.recv<std::string>(); })));
  one.send("next");
  log(other.recv<std::string>());
  closed(ends);
}

CASE("multiprocessing.connection.recv.other-type", "a value of one type is none of another") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  one.send(std::vector{1, 2});
  one.send(2.5);
  const std::string said = raised([&] { ends.second.recv<std::string>(); });
  EXPECT_EQ(said.substr(0, said.find(':')), "UnpicklingError");
  EXPECT_NE(said.find("string"), said.npos) << said;
  EXPECT_NE(said.find("vector<int"), said.npos) << said;
  EXPECT_EQ(other.recv<double>(), 2.5);
  closed(ends);
}

// ---- bytes

CASE("multiprocessing.connection.bytes.part", "part of a buffer") {
  const auto [one, other] = Pipe();
  const Bytes text = "abcdefghijklmnopqrstuvwxyz";
  for (const mp::SendBytesOptions part : {mp::SendBytesOptions{},
                                          {.offset = 5},
                                          {.offset = 7, .size = 8},
                                          {.offset = 26},
                                          {.offset = 26, .size = 0},
                                          {.offset = 0, .size = 26}}) {
    one.send_bytes(text, part);
    log(repr(other.recv_bytes()));
  }
  closed(one, other);
}

CASE("multiprocessing.connection.bytes.no-part", "and none that it has not") {
  const auto ends = Pipe();
  const auto& one = ends.first;
  const Bytes text = "abcdefghijklmnopqrstuvwxyz";
  log(raised([&] { one.send_bytes(text, {.offset = 27}); }));
  log(raised([&] { one.send_bytes(text, {.offset = 22, .size = 5}); }));
  log(raised([&] { one.send_bytes(text, {.offset = 26, .size = 1}); }));
  log(ends.second.poll());
  EXPECT_EQ(raised([&] { one.send_bytes(text, {.offset = 1, .size = PTRDIFF_MAX}); }),
            "ValueError: buffer length < offset + size");
  closed(ends);
}

CASE("multiprocessing.connection.bytes.negative", "nor a negative one") {
  const auto ends = Pipe();
  log(raised([&] { ends.first.send_bytes("abcdefg", {.offset = -1}); }));
  log(raised([&] { ends.first.send_bytes("abcdefg", {.offset = 4, .size = -1}); }));
  closed(ends);
}

CASE("multiprocessing.connection.bytes.borders",
     "messages keep their borders, the empty ones too") {
  const auto [one, other] = Pipe();
  const std::array messages{"hello", "", "a", "b", "", "bye", "", "lop"};
  for (const auto* message : messages) one.send_bytes(message);
  for ([[maybe_unused]] const auto* message : messages) {
    Log{other.poll(), repr(other.recv_bytes())};
  }
  log(other.poll());
  closed(one, other);
}

CASE("multiprocessing.connection.bytes.sizes", "of any size") {
  const auto [one, other] = Pipe();
  for (const std::size_t size :
       {0u,  1u,  2u,   3u,   4u,    5u,    7u,    8u,     9u,     15u,    16u,    17u,   63u,
        64u, 65u, 255u, 256u, 4095u, 4096u, 4097u, 16384u, 16385u, 65535u, 65536u, 65537u}) {
    Bytes message(size, '\0');
    for (std::size_t index = 0; index < size; ++index)
      message[index] = static_cast<char>(index % 251);
    one.send_bytes(message);
    log(size, other.recv_bytes() == message);
  }
  closed(one, other);
}

CASE("multiprocessing.connection.bytes.maxlength",
     "a message that is too long ends the receiving") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  for (const int size : {5, 6}) {
    one.send_bytes("hello");
    log(other.recv_bytes(size));
  }
  one.send_bytes("hello");
  log(raised([&] { ends.second.recv_bytes(-1); }));
  log(raised([&] { ends.second.recv_bytes(4); }));
  Log{other.closed(), other.readable(), other.writable(),
      raised([&] { ends.second.recv_bytes(); })};
  other.send("still");
  log(one.recv<std::string>());
  closed(ends);
}

CASE("multiprocessing.connection.bytes.maxlength-one-way",
     "or closes an end that can nothing else") {
  const auto ends = Pipe(false);
  const auto& reader = ends.first;
  ends.second.send_bytes("hello");
  log(raised([&] { reader.recv_bytes(4); }));
  Log{reader.closed(), raised([&] { reader.recv_bytes(); })};
  closed(ends);
}

CASE("multiprocessing.connection.bytes.into", "into a buffer, from an offset on") {
  const auto [one, other] = Pipe();
  for (const int offset : {0, 3, 5, 8}) {
    Bytes buffer = "..........";
    one.send_bytes(offset < 8 ? "hello" : "");
    Log{other.recv_bytes_into(buffer, offset), buffer};
  }
  Bytes buffer(5, '\0');
  one.send_bytes("hello");
  Log{other.recv_bytes_into(buffer), buffer};
  std::array<std::uint16_t, 4> numbers{1, 2, 3, 4};
  one.send_bytes("\x05\x05");
  EXPECT_EQ(other.recv_bytes_into(numbers, 2), 2U);
  EXPECT_EQ(numbers, (std::array<std::uint16_t, 4>{1, 0x0505, 3, 4}));
  closed(one, other);
}

CASE("multiprocessing.connection.bytes.into-no-buffer", "which has that offset") {
  const auto ends = Pipe();
  Bytes buffer(5, '\0');
  ends.first.send_bytes("hello");
  log(raised([&] { ends.second.recv_bytes_into(buffer, 6); }));
  log(ends.second.recv_bytes());
  closed(ends);
}

CASE("multiprocessing.connection.bytes.into-negative", "and no negative one") {
  const auto ends = Pipe();
  Bytes buffer(5, '\0');
  ends.first.send_bytes("hello");
  log(raised([&] { ends.second.recv_bytes_into(buffer, -1); }));
  log(ends.second.recv_bytes());
  closed(ends);
}

CASE("multiprocessing.connection.bytes.into-too-short",
     "BufferTooShort has the message that did not fit") {
  const auto [one, other] = Pipe();
  Bytes buffer = "....";
  for (const auto& [offset, text] : {std::pair(0, "hello"), std::pair(2, "abc")}) {
    one.send_bytes(text);
    try {
      other.recv_bytes_into(buffer, offset);
    } catch (const mp::BufferTooShort& error) {
      log(error.what(), error.message(), buffer);
    }
  }
  one.send_bytes("next");
  Log{other.recv_bytes_into(buffer), buffer};
  closed(one, other);
}

CASE("multiprocessing.connection.bytes.of-a-value", "a value is bytes to whoever asks for bytes") {
  const auto [one, other] = Pipe();
  one.send(std::vector{1, 2});
  const Bytes message = other.recv_bytes();
  log(!message.empty());
  one.send_bytes(message);
  log(other.recv<std::vector<int>>());
  EXPECT_EQ(message, tandem::pickle::dumps(std::vector{1, 2}));
  closed(one, other);
}

// ---- poll()

CASE("multiprocessing.connection.poll.now", "whether there is a message") {
  const auto [one, other] = Pipe();
  log(other.poll(), other.poll(0s));
  one.send_bytes("");
  log(other.poll(), other.poll(), one.poll());
  other.recv_bytes();
  log(other.poll());
  closed(one, other);
}

CASE("multiprocessing.connection.poll.timeout", "or comes in time") {
  const auto [one, other] = Pipe();
  const auto start = now();
  Log{other.poll(times::must_expire), now() - start >= times::must_expire};
  log(other.poll(-1s), other.poll(-1ms));
  one.send(1);
  log(other.poll(times::must_not_expire), other.poll(-1s), other.poll(std::nullopt));
  closed(one, other);
}

CASE("multiprocessing.connection.poll.woken",
     "the message ends the waiting, with a timeout or without") {
  for (const tandem::Timeout timeout :
       {tandem::Timeout(times::must_not_expire), tandem::Timeout()}) {
    const auto ends = Pipe();
    std::vector<bool> seen;
    std::thread thread([&] { seen.push_back(ends.second.poll(timeout)); });
    wait_until_blocked(1);
    ends.first.send_bytes("x");
    thread.join();
    log(seen, ends.second.recv_bytes());
    closed(ends);
  }
}

CASE("multiprocessing.connection.poll.hang-up", "as does the end of the other end") {
  const auto ends = Pipe();
  const auto& other = ends.second;
  ends.first.send("last");
  ends.first.close();
  Log{other.poll(),
      other.recv<std::string>(),
      other.poll(),
      other.poll(times::must_not_expire),
      raised([&] { other.recv<int>(); }),
      other.poll()};
  other.close();
}

namespace {

void poll_and_tell(const Connection& connection, const std::string& gate) {
  connection.poll(60s);
  open_gate(gate);
}

}  // namespace

CASE("multiprocessing.connection.poll.takes-nothing",
     "it takes nothing from those who receive in other processes") {
  each_method([](const Context& context) {
    const Folder folder;
    const auto [reader, writer] = context.Pipe(false);
    const Process process = started(context, poll_and_tell, reader, folder.gate("gate"));
    writer.send_bytes("first");
    enter(folder.path("gate"));
    process.join();
    writer.send_bytes("second");
    Log{reader.recv_bytes(), reader.recv_bytes()};
    closed(reader, writer);
  });
}

// ---- the end

CASE("multiprocessing.connection.close.closed", "a closed end can nothing") {
  const auto ends = Pipe();
  const auto& one = ends.first;
  one.close();
  one.close();
  log(std::nullopt, std::nullopt, one.closed(), ends.second.closed(), one.readable(),
      one.writable());
  Bytes buffer(1, '\0');
  log(raised([&] { one.send(1); }));
  log(raised([&] { one.send_bytes(""); }));
  log(raised([&] { one.recv<int>(); }));
  log(raised([&] { one.recv_bytes(); }));
  log(raised([&] { one.poll(); }));
  log(raised([&] { one.fileno(); }));
  log(raised([&] { one.recv_bytes_into(buffer); }));
  ends.second.close();
}

CASE("multiprocessing.connection.close.scope", "the end of its scope closes it") {
  auto [one, kept] = Pipe();
  {
    const Connection other = std::move(kept);
    kept = Connection(one);  // the last handle of the other end is `other`
    one.send(1729);
    log(other.recv<int>(), one.closed(), other.closed());
  }
  EXPECT_EQ(raised([&, &end = one] { end.recv<int>(); }), "EOFError");
  one.close();
  log(one.closed(), kept.closed(), raised([&, &end = one] { end.recv<int>(); }),
      raised([&, &end = kept] { end.recv<int>(); }));
}

CASE("multiprocessing.connection.close.eof", "what was sent before is received, then EOFError") {
  for (const bool duplex : {true, false}) {
    const auto ends = Pipe(duplex);
    const auto& one = ends.first;
    ends.second.send("first");
    ends.second.send_bytes("second");
    ends.second.close();
    Bytes buffer(1, '\0');
    Log{one.recv<std::string>(), one.recv_bytes()};
    log(raised([&] { one.recv<int>(); }));
    log(raised([&] { one.recv_bytes(); }));
    log(raised([&] { one.recv_bytes_into(buffer); }));
    log(raised([&] { one.recv<int>(); }));
    one.close();
  }
}

CASE("multiprocessing.connection.close.broken-pipe",
     "and nobody receives what is sent: BrokenPipeError") {
  for (const bool duplex : {true, false}) {
    const auto ends = Pipe(duplex);
    ends.first.close();
    log(raised([&] { ends.second.send(1); }));
    log(raised([&] { ends.second.send_bytes(""); }));
    ends.second.close();
  }
}

CASE("multiprocessing.connection.close.wakes-reader", "who waits for a message is woken") {
  for (const bool duplex : {true, false}) {
    const auto ends = Pipe(duplex);
    std::vector<std::string> said;
    std::thread thread([&] { said.push_back(raised([&] { ends.first.recv<int>(); })); });
    wait_until_blocked(1);
    ends.second.close();
    thread.join();
    log(said);
    ends.first.close();
  }
}

CASE("multiprocessing.connection.close.wakes-writer", "so is who waits for room") {
  const auto ends = Pipe(false);
  std::vector<std::string> said;
  std::thread thread(
      [&] { said.push_back(raised([&] { ends.second.send_bytes(large_of('x')); })); });
  wait_until_blocked(1);
  ends.first.close();
  thread.join();
  log(said);
  ends.second.close();
}

namespace {

// The connection is the child's until the gate is opened.
void keep(const Connection&, const std::string& hello, const std::string& gate) {
  open_gate(hello);
  enter(gate);
}

void send_and_close(const Connection& connection, int count) {
  for (int number = 0; number < count; ++number) connection.send(number);
  connection.close();
}

}  // namespace

CASE("multiprocessing.connection.close.all-copies", "the end is closed when every copy of it is") {
  each_method([](const Context& context) {
    const Folder folder;
    const auto ends = context.Pipe(false);
    const auto& reader = ends.first;
    const Process process =
        started(context, keep, ends.second, folder.gate("hello"), folder.gate("gate"));
    enter(folder.path("hello"));
    ends.second.close();
    log(reader.poll(times::must_expire));
    open_gate(folder.path("gate"));
    log(raised([&] { reader.recv<int>(); }));
    process.join();
    reader.close();
  });
}

CASE("multiprocessing.connection.close.killed", "also when who had it was killed") {
  each_method([](const Context& context) {
    const Folder folder;
    const auto ends = context.Pipe();
    const auto& here = ends.first;
    const Process process =
        started(context, keep, ends.second, folder.gate("hello"), folder.gate("gate"));
    enter(folder.path("hello"));
    ends.second.close();
    process.kill();
    Log{raised([&] { here.recv<int>(); }), raised([&] { here.send_bytes("x"); })};
    process.join();
    here.close();
  });
}

CASE("multiprocessing.connection.close.by-parent",
     "the parent may close the child's end as soon as it has started it") {
  each_method([](const Context& context) {
    const auto ends = context.Pipe(false);
    const auto& reader = ends.first;
    const Process process = started(context, send_and_close, ends.second, 3);
    ends.second.close();
    Log{reader.recv<int>(), reader.recv<int>(), reader.recv<int>(),
        raised([&] { reader.recv<int>(); })};
    process.join();
    reader.close();
  });
}

namespace {

void receive_until_end(const Connection& connection, const Connection& parents,
                       const std::string& top) {
  parents.close();
  std::vector<int> numbers;
  for (int count = 0; count < 3; ++count) numbers.push_back(connection.recv<int>());
  open_gate(top + "/hello");
  note(top + "/notes", numbers, raised([&] { connection.recv<int>(); }));
}

void have_connection(const std::string& method, const std::string& top) {
  const Context context = mp::get_context(method);
  const auto [here, there] = context.Pipe();
  const Process child = started(context, receive_until_end, there, here, top);
  there.close();
  for (const int number : {1, 2, 3}) here.send(number);
  wait_to_be_killed();
}

}  // namespace

CASE("multiprocessing.connection.killed.parent", "the child has what it sent, and then the end") {
  for (const std::string method : start_methods) {
    log(method);
    const Heir heir;
    const Folder folder;
    folder.gate("hello");
    const Process parent = started(mp::get_context("fork"), have_connection, method, folder.top);
    enter(folder.path("hello"));
    killed(parent);
    if (!heir.is_alone_in_time()) return log("somebody stays");
    log_notes(folder.path("notes"));
  }
}

// ---- connections through connections

namespace {

void give_back(const Connection& connection) {
  const auto writer = connection.recv<Connection>();
  writer.send("all is well");
  writer.close();
  const auto reader = connection.recv<Connection>();
  const auto text = reader.recv<std::string>();
  connection.send(text + text);
  connection.send(std::pair(reader.readable(), reader.writable()));
  connection.close();
}

void send_back(const Connection& connection) {
  const auto end = connection.recv<Connection>();
  end.send("bar");
  connection.close();
}

}  // namespace

CASE("multiprocessing.connection.send.connection", "an end can be sent through another") {
  each_method([](const Context& context) {
    const auto [here, there] = context.Pipe();
    const Process process = started(context, give_back, there);
    there.close();
    {
      const auto ends = context.Pipe(false);
      here.send(ends.second);
      ends.second.close();
      log(ends.first.recv<std::string>());
      log(raised([&] { ends.first.recv<int>(); }));
      ends.first.close();
    }
    const auto [reader, writer] = context.Pipe(false);
    here.send(reader);
    reader.close();
    writer.send("foobar");
    Log{here.recv<std::string>(), here.recv<std::pair<bool, bool>>()};
    writer.close();
    process.join();
    here.close();
  });
}

CASE("multiprocessing.connection.send.connection-high", "whatever the number of its descriptor") {
  each_method([](const Context& context) {
    const auto [here, there] = context.Pipe();
    const Process process = started(context, send_back, there);
    std::vector<int> low;
    for (int count = 0; count < 300; ++count)
      low.push_back(checked(::fcntl(0, F_DUPFD_CLOEXEC, 3)));
    const auto [one, other] = context.Pipe();
    log(one.fileno() > 256);
    here.send(one);
    one.close();
    log(other.recv<std::string>());
    process.join();
    closed(here, there, other);
    for (const int fd : low) ::close(fd);
  });
}

CASE("multiprocessing.connection.send.connection-missing", "but it has to come along") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  {
    const auto sent = Pipe();
    one.send(sent.first);
    const Bytes without = other.recv_bytes();  // its descriptors are dropped
    one.send_bytes(without);
    one.send("next");
    EXPECT_EQ(raised([&] { ends.second.recv<Connection>(); }).substr(0, 15), "UnpicklingError");
  }
  EXPECT_EQ(other.recv<std::string>(), "next");
  closed(ends);
}

// ---- wait()

CASE("multiprocessing.connection.wait.ready",
     "those that can be read, in the order in which they are given") {
  std::vector<std::pair<Connection, Connection>> ends;
  for (int count = 0; count < 3; ++count) ends.push_back(Pipe());
  Connections readers;
  for (const auto& [one, other] : ends) readers.push_back(one);
  log(places(readers, wait(readers, 0s)), places(readers, wait(readers, -1s)),
      places(readers, wait(Connections(), 0s)));
  for (const int number : {2, 0}) ends.at(static_cast<std::size_t>(number)).second.send(number);
  log(places(readers, wait(readers)));
  log(places(readers, wait(Connections(readers.rbegin(), readers.rend()), times::must_not_expire)));
  Log{readers[0].recv<int>(), places(readers, wait(readers, 0s))};
  for (const auto& pair : ends) closed(pair);
}

CASE("multiprocessing.connection.wait.timeout", "none when none comes in time") {
  const auto [one, other] = Pipe();
  const auto start = now();
  const auto none = wait(Connections{one, other}, times::must_expire);
  log(places(Connections{one, other}, none), now() - start >= times::must_expire);
  other.send(std::optional<int>());
  log(wait(Connections{one, other}, times::must_not_expire) == Connections{one});
  closed(one, other);
}

CASE("multiprocessing.connection.wait.woken", "it waits for the first") {
  for (const tandem::Timeout timeout :
       {tandem::Timeout(times::must_not_expire), tandem::Timeout()}) {
    const auto first = Pipe(), second = Pipe();
    std::vector<bool> seen;
    std::thread thread([&] {
      seen.push_back(wait(Connections{first.first, second.first}, timeout) ==
                     Connections{second.first});
    });
    wait_until_blocked(1);
    second.second.send_bytes("");
    thread.join();
    log(seen);
    closed(first);
    closed(second);
  }
}

CASE("multiprocessing.connection.wait.hang-up", "an end whose other end is closed can be read") {
  const auto ends = Pipe();
  const Connections one{ends.first};
  ends.second.close();
  Log{wait(one) == one, raised([&] { one[0].recv<int>(); }), wait(one) == one};
  ends.first.close();
}

namespace {

using Numbered = std::pair<int, int>;

void send_numbers(const Connection& connection, int count) {
  for (int number = 0; number < count; ++number)
    connection.send(Numbered(number, tandem::os::getpid()));
  connection.close();
}

}  // namespace

CASE("multiprocessing.connection.wait.processes", "all messages of all children arrive") {
  each_method([](const Context& context) {
    Connections readers;
    std::vector<Process> processes;
    std::multiset<Numbered> messages, expected;
    for (int count = 0; count < 4; ++count) {
      const auto [reader, writer] = context.Pipe(false);
      processes.push_back(started(context, send_numbers, writer, 10));
      writer.close();
      readers.push_back(reader);
      for (int number = 0; number < 10; ++number)
        expected.insert({number, *processes.back().pid()});
    }
    while (!readers.empty()) {
      for (const Connection& reader : wait(readers)) {
        try {
          messages.insert(reader.recv<Numbered>());
        } catch (const tandem::EOFError&) {
          std::erase(readers, reader);
          reader.close();
        }
      }
    }
    joined(processes);
    log(messages == expected);
  });
}

CASE("multiprocessing.connection.wait.mixed", "connections and sentinels together") {
  using mp::connection::Waitable;
  each_method([](const Context& context) {
    const Folder folder;
    const auto [one, other] = context.Pipe();
    const Process process = started(context, enter, folder.gate("gate"));
    const std::vector<Waitable> objects{one, process.sentinel(), other};
    log(places(objects, wait(objects, 0s)));
    open_gate(folder.path("gate"));
    log(places(objects, wait(objects)));
    one.send(std::optional<int>());
    log(places(objects, wait(objects)));
    other.send(std::optional<int>());
    log(places(objects, wait(objects)));
    process.join();
    closed(one, other);
  });
}

CASE("multiprocessing.connection.wait.descriptor", "any descriptor will do") {
  const Ends pipe;
  const Sockets sockets;
  for (const auto& [end, writer] :
       {std::pair(pipe.reader, pipe.writer), std::pair(sockets.one, sockets.other)}) {
    const std::vector reader{end};
    log(wait(reader, 0s));
    write_all(writer, "x");
    log(wait(reader) == reader);
    char byte;
    checked(static_cast<int>(::read(end, &byte, 1)));
    ::close(writer);
    log(wait(reader) == reader);
    ::close(end);
  }
}

CASE("multiprocessing.connection.wait.closed", "a closed one cannot be waited for") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  one.close();
  log(raised([&] { wait(Connections{ends.first}, 0s); }) == "nothing");
  log(raised([&] { wait(Connections{ends.second, ends.first}, 0s); }) == "nothing");
  other.close();
}

// ---- poll() by others

namespace {

int polled(const Connection& connection, int timeout) {
  pollfd one{connection.fileno(), POLLIN, 0};
  return ::poll(&one, 1, timeout);
}

}  // namespace

CASE("multiprocessing.connection.fileno.poll",
     "its descriptor can be polled: it is readable when there is a message") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  log(polled(other, 0));
  one.send("a");
  one.send("b");
  Log{polled(other, -1), other.recv<std::string>(), polled(other, -1), other.recv<std::string>(),
      polled(other, 0)};
  one.send_bytes("");
  Log{polled(other, -1), other.recv_bytes().size(), polled(other, 0)};
  one.close();
  Log{polled(other, -1), raised([&] { ends.second.recv<int>(); })};
  other.close();
}

// ---- several at one end

CASE("multiprocessing.connection.threads",
     "each end may be used by one thread that sends and one that receives") {
  const auto ends = Pipe();
  std::map<std::string, bool> in_order{{"one", true}, {"other", true}};
  std::vector<std::thread> threads;
  for (const auto& end : {ends.first, ends.second})
    threads.emplace_back([end] {
      for (int number = 0; number < 1000; ++number) end.send(number);
    });
  for (const auto& [name, end] : {std::pair("one", ends.first), std::pair("other", ends.second)})
    threads.emplace_back([end, &ordered = in_order.at(name)] {
      for (int number = 0; number < 1000; ++number) ordered &= end.recv<int>() == number;
    });
  for (auto& thread : threads) thread.join();
  log(std::vector<std::pair<std::string, bool>>(in_order.begin(), in_order.end()));
  closed(ends);
}

namespace {

// A message of its own size and byte, so that a torn one shows.
Bytes numbered(int number) {
  return std::to_string(number) + ":" +
         Bytes(static_cast<std::size_t>(number) * 37 % 5000, static_cast<char>('a' + number % 26));
}

// The number of a whole one.
std::optional<int> number_of(const Bytes& message) {
  const int number = std::atoi(message.c_str());
  return message == numbered(number) ? std::optional(number) : std::nullopt;
}

void send_range(const Connection& connection, int from, int to) {
  for (int number = from; number < to; ++number) connection.send_bytes(numbered(number));
}

// The numbers that it receives until the other end is closed; -1 for what is not whole.
std::vector<int> received(const Connection& connection) {
  std::vector<int> numbers;
  try {
    for (;;) numbers.push_back(number_of(connection.recv_bytes()).value_or(-1));
  } catch (const tandem::EOFError&) {
    return numbers;
  }
}

void note_received(const Connection& connection, const std::string& path, const std::string& gate) {
  open_gate(gate);
  try {
    for (;;) note(path, number_of(connection.recv_bytes()).value_or(-1));
  } catch (const tandem::EOFError&) {
  }
}

}  // namespace

CASE("multiprocessing.connection.threads.many",
     "several threads at one end: whole messages, each once") {
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  constexpr int senders = 3, each = 300;
  std::vector<std::thread> threads;
  for (int count = 0; count < senders; ++count)
    threads.emplace_back([&, count] { send_range(ends.first, count * each, (count + 1) * each); });
  std::array<std::vector<int>, 2> numbers;
  std::vector<std::thread> readers;
  for (auto& own : numbers) readers.emplace_back([&] { own = received(ends.second); });
  for (auto& thread : threads) thread.join();
  one.close();
  for (auto& thread : readers) thread.join();
  std::multiset<int> all, expected;
  for (const auto& own : numbers) {
    all.insert(own.begin(), own.end());
    for (int count = 0; count < senders; ++count) {  // what one thread sent stays in its order
      std::vector<int> of_one;
      std::copy_if(own.begin(), own.end(), std::back_inserter(of_one),
                   [&](int number) { return number / each == count; });
      EXPECT_TRUE(std::is_sorted(of_one.begin(), of_one.end()));
    }
  }
  for (int number = 0; number < senders * each; ++number) expected.insert(number);
  EXPECT_EQ(all, expected);
  other.close();
}

CASE("multiprocessing.connection.processes.many",
     "several processes at one end: whole messages, each once") {
  each_method([](const Context& context) {
    const Folder folder;
    const auto [reader, writer] = context.Pipe(false);
    std::vector<Process> readers, writers;
    for (const std::string name : {"a", "b"})
      readers.push_back(started(context, note_received, reader, folder.path("notes"),
                                folder.gate("gate-" + name)));
    for (int count = 0; count < 3; ++count)
      writers.push_back(started(context, send_range, writer, count * 50, (count + 1) * 50));
    for (const std::string name : {"a", "b"}) enter(folder.path("gate-" + name));
    joined(writers);
    writer.close();
    if (context.get_start_method() == "fork") {
      // A forked child has all of its parent's ends: the readers their own writer.
      for (std::streamoff count = 0; count < 150;) {
        std::ifstream notes(folder.path("notes"));
        count = std::count(std::istreambuf_iterator<char>(notes), {}, '\n');
      }
      for (const Process& child : readers) child.kill();
    }
    joined(readers);
    std::ifstream notes(folder.path("notes"));
    std::multiset<int> all, expected;
    for (int number; notes >> number;) all.insert(number);
    for (int number = 0; number < 150; ++number) expected.insert(number);
    EXPECT_EQ(all, expected);
    reader.close();
  });
}

namespace {

// Whoever sends it waits for room in the middle of it.
Bytes larger_than_the_ring() { return Bytes(8'000'000, 'x'); }

bool is_whole(const Bytes& message) {
  return number_of(message) || message == larger_than_the_ring();
}

void send_for_ever(const Connection& connection, const std::string& hello) {
  connection.send_bytes(numbered(1));
  open_gate(hello);
  for (;;) {
    send_range(connection, 0, 10);
    connection.send_bytes(larger_than_the_ring());
  }
}

}  // namespace

CASE("multiprocessing.connection.killed.sender",
     "who is killed while sending leaves no half message") {
  each_method([](const Context& context) {
    for (int round = 0; round < 5; ++round) {
      const Folder folder;
      const auto [reader, writer] = context.Pipe(false);
      const Process process = started(context, send_for_ever, writer, folder.gate("hello"));
      enter(folder.path("hello"));
      for (int count = 0; count < 7 * round; ++count) EXPECT_TRUE(is_whole(reader.recv_bytes()));
      killed(process);
      std::thread thread([&, &end = writer] {
        end.send_bytes("after it");
        end.close();
      });
      Bytes last;
      try {
        for (;;) {
          last = reader.recv_bytes();
          EXPECT_TRUE(last == "after it" || is_whole(last)) << last.substr(0, 20);
        }
      } catch (const tandem::EOFError&) {
      }
      EXPECT_EQ(last, "after it") << context.get_start_method();
      thread.join();
      reader.close();
    }
  });
}

namespace {

void send_short_ones_for_ever(const Connection& connection) {
  for (;;) connection.send_bytes("short");
}

}  // namespace

CASE("multiprocessing.connection.killed.at-random",
     "wherever in send(): who comes next is heard, and where nobody does it is the end") {
  const Context fork = mp::get_context("fork");
  for (int round = 0; round < 100; ++round) {
    const bool has_successor = round % 2 == 0;
    const auto [reader, writer] = fork.Pipe(false);
    const Process process = started(fork, send_short_ones_for_ever, writer);
    if (!has_successor) writer.close();
    Bytes last = reader.recv_bytes();
    std::thread thread([&, &end = reader] {
      EXPECT_EQ(raised([&] {
                  for (;;) last = end.recv_bytes();
                }),
                "EOFError");
    });
    for (int moment = 0; moment < round / 10; ++moment) std::this_thread::yield();
    killed(process);
    if (has_successor) {
      wait_until_blocked(1);  // it has read all that the killed one had sent
      writer.send_bytes("after");
      writer.close();
    }
    thread.join();
    EXPECT_EQ(last, has_successor ? "after" : "short");
    reader.close();
  }
}

namespace {

void be_interrupted(const Connection& connection) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  checked(::sigaction(SIGUSR1, &action, nullptr));
  connection.send("ready");
  connection.send(connection.recv<int>());
  connection.send_bytes(large_of('x'));
}

}  // namespace

CASE("multiprocessing.connection.signal",
     "a signal that is handled meanwhile ends neither recv() nor send()") {
  each_method([](const Context& context) {
    const auto [here, there] = context.Pipe();
    const Process process = started(context, be_interrupted, there);
    there.close();
    log(here.recv<std::string>());
    for (int count = 0; count < 3; ++count) {
      ::kill(*process.pid(), SIGUSR1);
      here.poll(times::brief);
    }
    here.send(1234);
    log(here.recv<int>());
    here.poll(std::nullopt);
    for (int count = 0; count < 3; ++count) ::kill(*process.pid(), SIGUSR1);
    log(here.recv_bytes() == large_of('x'));
    process.join();
    log(process.exitcode());
    here.close();
  });
}

CASE("multiprocessing.connection.fork.copies", "after a fork both processes have the end") {
  const Folder folder;
  const auto ends = Pipe();
  const auto& [one, other] = ends;
  const Process process = started(mp::get_context("fork"), [&] {
    ends.second.send("from the child");
    note(folder.path("notes"), ends.second.recv<std::string>());
  });
  log(one.recv<std::string>());
  one.send("to one of them");
  process.join();
  log_notes(folder.path("notes"));
  other.send("from the parent");
  log(one.recv<std::string>());
  closed(ends);
}
