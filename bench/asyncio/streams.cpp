// tandem::asyncio's streams over unix sockets, both ends in one loop.
#include <unistd.h>

#include <cstdint>
#include <string>
#include <tandem/asyncio.hpp>
#include <vector>

#include "../harness/asyncio_rows.hpp"

namespace bench {
namespace {

namespace asyncio = tandem::asyncio;
using asyncio::StreamReader;
using asyncio::StreamWriter;

asyncio::Coroutine<> echo_back(StreamReader reader, StreamWriter writer) {
  for (;;) {
    const std::string message = co_await reader.read(1 << 16);
    if (message.empty()) break;
    writer.write(message);
    co_await writer.drain();
  }
  writer.close();
}

asyncio::Coroutine<> round_trips(std::uint64_t count, Histogram* latency) {
  const std::string path = socket_path();
  ::unlink(path.c_str());
  auto server = co_await asyncio::start_unix_server(echo_back, path);
  auto [reader, writer] = co_await asyncio::open_unix_connection(path);
  std::string message(kEchoed, 'e');
  for (std::uint64_t n = 0; n < count; ++n) {
    message[n % kEchoed] = static_cast<char>('a' + n % 26);
    const auto start = Clock::now();
    writer.write(message);
    const std::string back = co_await reader.readexactly(kEchoed);
    latency->record(nanoseconds_between(start, Clock::now()));
    if (back != message) throw Broken("a message came back changed");
  }
  writer.close();
  server.close();
  co_await server.wait_closed();
  ::unlink(path.c_str());
}

asyncio::Coroutine<double> connect_all(std::uint64_t count) {
  allow_descriptors(2 * count + 100);
  const std::string path = socket_path();
  ::unlink(path.c_str());
  auto server = co_await asyncio::start_unix_server(echo_back, path);
  std::vector<StreamReader> readers;
  std::vector<StreamWriter> writers;
  readers.reserve(count);
  writers.reserve(count);
  const double before = resident_bytes();
  for (std::uint64_t n = 0; n < count; ++n) {
    auto [reader, writer] = co_await asyncio::open_unix_connection(path);
    readers.push_back(reader);
    writers.push_back(writer);
  }
  co_await asyncio::sleep(std::chrono::milliseconds(100));
  const double all = resident_bytes() - before;
  for (const auto& writer : writers) writer.close();
  server.close();
  co_await server.wait_closed();
  ::unlink(path.c_str());
  co_return all / static_cast<double>(count);
}

struct Streams {
  static void echo(std::uint64_t count, Histogram& latency) {
    asyncio::run(round_trips(count, &latency));
  }
  static double bytes_of_connection(std::uint64_t count) {
    return asyncio::run(connect_all(count));
  }
};

const bool entered = [] {
  enter_asyncio<Streams>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
