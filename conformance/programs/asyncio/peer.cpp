// One side of a connection; the other one is CPython's: see peers_test.py.
//
//   peer serve PATH               answers every connection with what it sends, up to its end
//   peer flood PATH BYTES         sends so many bytes to whoever connects
//   peer ask PATH COUNT BYTES     COUNT connections at once send BYTES each, and compare the
//   answers
//
// It says "ready" when it serves. SIGTERM ends it; then it says the largest number of bytes that it
// kept for one connection, and how many were served.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/asyncio.hpp"

namespace asyncio = tandem::asyncio;
using asyncio::StreamReader;
using asyncio::StreamWriter;

namespace {

std::size_t most_kept = 0, served = 0;

void write(const StreamWriter& writer, std::string_view data) {
  writer.write(data);
  most_kept = std::max(most_kept, writer.transport().get_write_buffer_size());
}

// The other side may reset the connection: that is no matter of ours.
asyncio::Coroutine<> echo(StreamReader reader, StreamWriter writer) {
  try {
    for (;;) {
      const std::string data = co_await reader.read(1 << 16);
      if (data.empty()) break;
      write(writer, data);
      co_await writer.drain();
    }
    ++served;
  } catch (const tandem::ConnectionError&) {
  }
  writer.close();
}

struct Flood {
  std::size_t bytes;
  asyncio::Coroutine<> operator()(StreamReader reader, StreamWriter writer) const {
    return send(bytes, std::move(reader), std::move(writer));
  }
  static asyncio::Coroutine<> send(std::size_t bytes, StreamReader, StreamWriter writer) {
    const std::string chunk(10000, 'x');
    for (std::size_t sent = 0; sent < bytes; sent += chunk.size()) {
      write(writer, chunk);
      co_await writer.drain();
    }
    ++served;
    writer.close();
  }
};

template <class Handler>
asyncio::Coroutine<> serve(std::string path, Handler handler) {
  const asyncio::Future<> stopped;
  asyncio::get_running_loop().add_signal_handler(SIGTERM, [stopped] { stopped.set_result(); });
  const auto server = co_await asyncio::start_unix_server(handler, path, {.backlog = 1000});
  std::cout << "ready" << std::endl;
  co_await stopped;
  server.close();
  std::cout << most_kept << ' ' << served << std::endl;
}

asyncio::Coroutine<> send_all(StreamWriter writer, std::string data) {
  const std::string_view view = data;
  for (std::size_t at = 0; at < view.size(); at += 9999) {
    write(writer, view.substr(at, 9999));
    co_await writer.drain();
  }
  writer.write_eof();
}

asyncio::Coroutine<bool> ask(std::string path, std::size_t number, std::size_t bytes) {
  std::string data(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>(i * 7 + number);
  auto [reader, writer] = co_await asyncio::open_unix_connection(path);
  const auto sending = asyncio::create_task(send_all(writer, data));
  const std::string answer = co_await reader.read();
  co_await sending;
  writer.close();
  co_await writer.wait_closed();
  co_return answer == data;
}

asyncio::Coroutine<bool> ask_all(std::string path, std::size_t count, std::size_t bytes) {
  std::vector<asyncio::Coroutine<bool>> asking;
  for (std::size_t number = 0; number < count; ++number) asking.push_back(ask(path, number, bytes));
  auto answers = asyncio::gather(std::move(asking));
  const std::vector<bool> all = co_await std::move(answers);
  co_return std::all_of(all.begin(), all.end(), [](bool equal) { return equal; });
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
  allow_all_descriptors();
  if (words.size() == 2 && words[0] == "serve") {
    asyncio::run(serve(words[1], echo));
  } else if (words.size() == 3 && words[0] == "flood") {
    asyncio::run(serve(words[1], Flood{std::stoul(words[2])}));
  } else if (words.size() == 4 && words[0] == "ask") {
    return asyncio::run(ask_all(words[1], std::stoul(words[2]), std::stoul(words[3]))) ? 0 : 1;
  } else {
    return 2;
  }
}
