// One side of a connection; the other one is CPython's, socat's or nc's: see peers_test.py and
// tools_test.py.
//
//   peer serve ADDRESS              answers every connection with what it sends, up to its end
//   peer flood ADDRESS BYTES        sends so many bytes to whoever connects
//   peer ask ADDRESS COUNT BYTES    COUNT connections at once send BYTES each, compare the answers
//   peer answer ADDRESS             sends back what comes from there, up to its end
//   peer pour ADDRESS BYTES         sends so many bytes there
//   peer lose ADDRESS               says a word, reads, and has to be told of a reset
//
// An address is a path, or a host and a port with a colon between them. Who serves says "ready" and
// the address; SIGTERM ends it. All but ask and lose say in the end the largest number of bytes
// that they kept for one connection, how many were served, and how many were reset while they were
// read from.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/asyncio.hpp"

namespace asyncio = tandem::asyncio;
using asyncio::Server;
using asyncio::StreamReader;
using asyncio::StreamWriter;

namespace {

// A path has no port.
struct Address {
  explicit Address(const std::string& text) : name(text.substr(0, text.rfind(':'))) {
    if (name.size() < text.size()) port = std::stoi(text.substr(name.size() + 1));
  }
  std::string name;
  std::optional<int> port;
};

std::size_t most_kept = 0, served = 0, lost = 0;

void tell() { std::cout << most_kept << ' ' << served << ' ' << lost << std::endl; }

void write(const StreamWriter& writer, std::string_view data) {
  writer.write(data);
  most_kept = std::max(most_kept, writer.transport().get_write_buffer_size());
}

// The other side may reset the connection: that is no matter of ours.
asyncio::Coroutine<> echo(StreamReader reader, StreamWriter writer) {
  bool is_reading = false;
  try {
    for (;;) {
      is_reading = true;
      const std::string data = co_await reader.read(1 << 16);
      is_reading = false;
      if (data.empty()) break;
      write(writer, data);
      co_await writer.drain();
    }
    ++served;
  } catch (const tandem::ConnectionResetError&) {
    lost += is_reading;
  } catch (const tandem::ConnectionError&) {
  }
  writer.close();
}

asyncio::Coroutine<> send_many(std::size_t bytes, StreamReader, StreamWriter writer) {
  const std::string chunk(10000, 'x');
  for (std::size_t sent = 0; sent < bytes; sent += chunk.size()) {
    write(writer, chunk);
    co_await writer.drain();
  }
  ++served;
  writer.close();
}

struct Flood {
  std::size_t bytes;
  asyncio::Coroutine<> operator()(StreamReader reader, StreamWriter writer) const {
    return send_many(bytes, std::move(reader), std::move(writer));
  }
};

template <class Handler>
asyncio::Coroutine<Server> started(Address address, Handler handler) {
  if (!address.port) return asyncio::start_unix_server(handler, address.name, {.backlog = 1000});
  return asyncio::start_server(handler, address.name, address.port, {.backlog = 1000});
}

// Of a port that the system has chosen, too.
std::string address_of(const Server& server, const Address& address) {
  if (!address.port) return address.name;
  const int port = server.sockets().front().getsockname().port();
  return address.name + ':' + std::to_string(port);
}

template <class Handler>
asyncio::Coroutine<> serve(Address address, Handler handler) {
  const asyncio::Future<> stopped;
  asyncio::get_running_loop().add_signal_handler(SIGTERM, [stopped] { stopped.set_result(); });
  const Server server = co_await started(address, handler);
  std::cout << "ready " << address_of(server, address) << std::endl;
  co_await stopped;
  server.close();
  tell();
}

asyncio::Coroutine<std::pair<StreamReader, StreamWriter>> connect(const Address& address) {
  if (!address.port) return asyncio::open_unix_connection(address.name);
  return asyncio::open_connection(address.name, address.port);
}

asyncio::Coroutine<> send_all(StreamWriter writer, std::string data) {
  const std::string_view view = data;
  for (std::size_t at = 0; at < view.size(); at += 9999) {
    write(writer, view.substr(at, 9999));
    co_await writer.drain();
  }
  writer.write_eof();
}

asyncio::Coroutine<bool> ask(Address address, std::size_t number, std::size_t bytes) {
  std::string data(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>(i * 7 + number);
  auto [reader, writer] = co_await connect(address);
  const auto sending = asyncio::create_task(send_all(writer, data));
  const std::string answer = co_await reader.read();
  co_await sending;
  writer.close();
  co_await writer.wait_closed();
  co_return answer == data;
}

asyncio::Coroutine<bool> ask_all(Address address, std::size_t count, std::size_t bytes) {
  std::vector<asyncio::Coroutine<bool>> asking;
  for (std::size_t number = 0; number < count; ++number)
    asking.push_back(ask(address, number, bytes));
  auto answers = asyncio::gather(std::move(asking));
  const std::vector<bool> all = co_await std::move(answers);
  co_return std::all_of(all.begin(), all.end(), [](bool equal) { return equal; });
}

asyncio::Coroutine<> answer(Address address) {
  auto [reader, writer] = co_await connect(address);
  co_await echo(reader, writer);
  co_await writer.wait_closed();
  tell();
}

asyncio::Coroutine<> pour(Address address, std::size_t bytes) {
  auto [reader, writer] = co_await connect(address);
  co_await send_many(bytes, reader, writer);
  co_await writer.wait_closed();
  tell();
}

asyncio::Coroutine<bool> lose(Address address) {
  auto [reader, writer] = co_await connect(address);
  writer.write("x");  // is there before anybody can answer: then this reads
  bool is_told = false;
  try {
    co_await reader.read();
  } catch (const tandem::ConnectionResetError&) {
    is_told = true;
  }
  writer.close();
  co_return is_told;
}

void allow_all_descriptors() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) return 2;
  allow_all_descriptors();
  const std::string& verb = words[0];
  const Address address(words[1]);
  const auto number = [&](std::size_t at) { return std::stoul(words.at(at)); };
  if (verb == "serve") {
    asyncio::run(serve(address, echo));
  } else if (verb == "flood") {
    asyncio::run(serve(address, Flood{number(2)}));
  } else if (verb == "ask") {
    return asyncio::run(ask_all(address, number(2), number(3))) ? 0 : 1;
  } else if (verb == "answer") {
    asyncio::run(answer(address));
  } else if (verb == "pour") {
    asyncio::run(pour(address, number(2)));
  } else if (verb == "lose") {
    return asyncio::run(lose(address)) ? 0 : 1;
  } else {
    return 2;
  }
}
