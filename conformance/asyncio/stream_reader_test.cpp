// asyncio.StreamReader
#include "conformance/asyncio/network.hpp"
#include "tandem/threading.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;
namespace threading = tandem::threading;
using asyncio::StreamReader;

namespace {

const std::string data = "line1\nline2\nline3\n";

// A reader that has been given these.
StreamReader fed(const Texts& chunks = {}, std::ptrdiff_t limit = asyncio::default_limit) {
  StreamReader reader(limit);
  for (const auto& chunk : chunks) reader.feed_data(chunk);
  return reader;
}

// What is left in it.
Coroutine<std::string> rest(StreamReader reader) {
  if (!reader.at_eof()) reader.feed_eof();
  co_return shown(co_await reader.read());
}

// In the next turn it is given these.
void later(const StreamReader& reader, Texts chunks, bool end = false) {
  asyncio::get_running_loop().call_soon([reader, chunks = std::move(chunks), end] {
    for (const auto& chunk : chunks) reader.feed_data(chunk);
    if (end) reader.feed_eof();
  });
}

}  // namespace

// ---- read

namespace {
Coroutine<> read_some() {
  StreamReader reader = fed({"line1", "line2"});
  std::string first = co_await said(reader.read(5));
  log(first, co_await said(reader.read(100)));
  later(reader, {data});
  log(co_await said(reader.read(30)));
  later(reader, {"ab", "cd"});
  first = co_await said(reader.read(3));
  log(first, co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.read.some", "what is there, up to so many; waits for the first") {
  asyncio::run(read_some());
}

namespace {
Coroutine<> read_zero() {
  const StreamReader reader = fed();
  log(co_await said(reader.read(0)));
  reader.feed_data(data);
  const std::string nothing = co_await said(reader.read(0));
  log(nothing, co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.read.zero", "nothing, at once") { asyncio::run(read_zero()); }

namespace {
Coroutine<> read_end() {
  const StreamReader reader = fed();
  later(reader, {}, true);
  const std::string first = co_await said(reader.read(1024));
  const std::string second = co_await said(reader.read(1));
  log(first, second, co_await said(reader.read()));
}
}  // namespace
CASE("asyncio.stream-reader.read.end", "empty at the end, again and again") {
  asyncio::run(read_end());
}

namespace {
Coroutine<> read_all() {
  for (const int size : {-1, -1, -7}) {
    const StreamReader reader = fed({}, 3);
    later(reader, {"chunk1\n", "chunk2"}, true);
    const std::string all = co_await said(reader.read(size));
    log(all, reader.at_eof());
  }
}
}  // namespace
CASE("asyncio.stream-reader.read.all",
     "read() and read(-1) are all until the end, past the limit") {
  asyncio::run(read_all());
}

namespace {
Coroutine<> read_limit() {
  const StreamReader reader = fed({"chunkchunk"}, 3);
  const std::string first = co_await said(reader.read(5));
  const std::string second = co_await said(reader.readexactly(5));
  log(first, second, co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.read.limit", "the limit is none of read() and readexactly()") {
  asyncio::run(read_limit());
}

// ---- readline

namespace {
Coroutine<> readline() {
  StreamReader reader = fed({"chunk1 "});
  later(reader, {"chunk2 ", "chunk3 ", "\n chunk4"});
  std::string line = co_await said(reader.readline());
  log(line, co_await rest(reader));
  reader = fed({data.substr(0, 6), data.substr(6)});
  line = co_await said(reader.readline());
  const std::string bytes = co_await said(reader.read(7));
  const std::string second = co_await said(reader.readline());
  log(line, bytes, second, co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.readline.line", "up to the newline, and no byte more") {
  asyncio::run(readline());
}

namespace {
Coroutine<> readline_end() {
  const StreamReader reader = fed({"some data"});
  reader.feed_eof();
  const std::string last = co_await said(reader.readline());
  log(last, co_await said(reader.readline()));
}
}  // namespace
CASE("asyncio.stream-reader.readline.end", "what is left without a newline, then empty") {
  asyncio::run(readline_end());
}

namespace {
Coroutine<> readline_limit() {
  const std::vector<Texts> fed_before{{"li", "ne1\nline2\n"}, {"li", "ne1", "li"}};
  for (const Texts& chunks : fed_before) {
    const StreamReader reader = fed(chunks, 3);
    const std::string line = co_await said(reader.readline());
    log(line, co_await rest(reader));
  }
  const std::vector<Texts> fed_later{{"chunk1", "chunk2", "chunk3\n"},
                                     {"chunk1", "chunk2\n", "chunk3\n"}};
  for (const Texts& chunks : fed_later) {
    const StreamReader reader = fed({}, 7);
    later(reader, chunks, true);
    const std::string line = co_await said(reader.readline());
    log(line, co_await rest(reader));
  }
  const StreamReader reader = fed({"1234567\n", "12345678\n"}, 7);
  const std::string first = co_await said(reader.readline());
  const std::string second = co_await said(reader.readline());
  log(first, second, co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.readline.limit", "ValueError; what belongs to the line is gone") {
  asyncio::run(readline_limit());
}

namespace {
Coroutine<> lines() {
  const StreamReader reader = fed({"one\ntwo\n\nthree"});
  reader.feed_eof();
  while (auto line = co_await reader.anext()) log(shown(*line));
  log("end", reader.at_eof());
}
}  // namespace
CASE("asyncio.stream-reader.lines", "async for: line by line until the end") {
  asyncio::run(lines());
}

// ---- readuntil

namespace {
Coroutine<> readuntil() {
  const std::vector<Texts> all{
      {"lineAAA"}, {"lineAAAxxx"}, {"QWEaa", "XYaa", "a"}, {"QWEaa", "XYa", "aa"},
      {"aaa"},     {"Xaaa"},       {"XXX", "a", "a", "a"}, {"aaaaa"}};
  for (const Texts& chunks : all) {
    const StreamReader reader = fed();
    const bool large = chunks.front().find("AAA") != std::string::npos;
    const auto task = asyncio::create_task(reader.readuntil(large ? "AAA" : "aaa"));
    for (const auto& chunk : chunks) {
      co_await turns();
      reader.feed_data(chunk);
    }
    const std::string found = co_await said(task);
    log(found, co_await rest(reader));
  }
}
}  // namespace
CASE("asyncio.stream-reader.readuntil.separator", "up to the separator, however it comes in") {
  asyncio::run(readuntil());
}

namespace {
Coroutine<> readuntil_empty() {
  const StreamReader reader = fed({data});
  log(co_await said(reader.readuntil("")));
}
}  // namespace
CASE("asyncio.stream-reader.readuntil.empty-separator", "ValueError") {
  asyncio::run(readuntil_empty());
}

namespace {
Coroutine<> readuntil_several() {
  StreamReader reader = fed({"line 1\nline 2\r"});
  const Texts newlines{"\r", "\n"};
  std::string first = co_await said(reader.readuntil(newlines));
  log(first, co_await said(reader.readuntil(newlines)));
  reader = fed({"ABCDEFG"});
  const Texts overlapping{"DEF", "BCDE"};
  first = co_await said(reader.readuntil(overlapping));
  log(first, co_await rest(reader));
  reader = fed({"some dataA"}, 3);
  const Texts nested{"A", "ome dataA"};
  first = co_await said(reader.readuntil(nested));
  log(first, co_await rest(reader));
  reader = fed({"data"});
  later(reader, {"Z"});
  later(reader, {"Aaaa"});
  const Texts different{"A", "long sep"};
  first = co_await said(reader.readuntil(different));
  log(first, co_await rest(reader));
  const Texts none, empty{""};
  first = co_await said(fed().readuntil(none));
  log(first, co_await said(fed().readuntil(empty)));
}
}  // namespace
CASE("asyncio.stream-reader.readuntil.several", "of several separators the one that ends first") {
  asyncio::run(readuntil_several());
}

namespace {
Coroutine<> readuntil_end() {
  const StreamReader reader = fed({"some dataAA"});
  reader.feed_eof();
  try {
    co_await reader.readuntil("AAA");
  } catch (const asyncio::IncompleteReadError& error) {
    const tandem::EOFError& end = error;
    log(std::string("IncompleteReadError: ") + end.what(), shown(error.partial()), error.expected(),
        true);
  }
  log(co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.readuntil.end", "IncompleteReadError with what there was") {
  asyncio::run(readuntil_end());
}

namespace {
Coroutine<> readuntil_limit() {
  const StreamReader reader = fed({"some dataAA"}, 3);
  for (const char* chunk : {"", "A"}) {
    reader.feed_data(chunk);
    try {
      co_await reader.readuntil("AAA");
    } catch (const asyncio::LimitOverrunError& error) {
      log(std::string("LimitOverrunError: ") + error.what(), error.consumed());
    }
  }
  log(co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.readuntil.limit", "LimitOverrunError; nothing is taken") {
  asyncio::run(readuntil_limit());
}

// ---- readexactly

namespace {
Coroutine<> readexactly() {
  const StreamReader reader = fed();
  later(reader, {data, data, data});
  const std::string twice =
      co_await said(reader.readexactly(2 * static_cast<std::ptrdiff_t>(data.size())));
  const std::string nothing = co_await said(reader.readexactly(0));
  log(twice, nothing, co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.readexactly.exact", "so many, the others stay") {
  asyncio::run(readexactly());
}

namespace {
Coroutine<> readexactly_negative() {
  const StreamReader reader = fed({data});
  const std::string error = co_await said(reader.readexactly(-1));
  log(error, co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.readexactly.negative", "ValueError, whatever is there") {
  asyncio::run(readexactly_negative());
}

namespace {
Coroutine<> readexactly_end() {
  const StreamReader reader = fed();
  later(reader, {data}, true);
  try {
    co_await reader.readexactly(2 * static_cast<std::ptrdiff_t>(data.size()));
  } catch (const asyncio::IncompleteReadError& error) {
    log(std::string("IncompleteReadError: ") + error.what(), shown(error.partial()),
        error.expected());
  }
  log(co_await rest(reader));
}
}  // namespace
CASE("asyncio.stream-reader.readexactly.end",
     "IncompleteReadError with what there was and what was asked for") {
  asyncio::run(readexactly_end());
}

// ---- errors

namespace {
Coroutine<> exception_raised() {
  const StreamReader reader = fed({"line\n", "line\n"});
  const bool none = reader.exception() == nullptr;
  const std::string first = co_await said(reader.read(2));
  log(none ? "None" : "an exception", first);
  const auto broken = error<tandem::ValueError>("broken");
  reader.set_exception(broken);
  log(reader.exception() == broken);
  log(co_await said(reader.read(2)));
  log(co_await said(reader.read()));
  log(co_await said(reader.read(0)));
  log(co_await said(reader.readline()));
  log(co_await said(reader.readuntil("x")));
  log(co_await said(reader.readexactly(2)));
}
}  // namespace
CASE("asyncio.stream-reader.exception.raised", "what set_exception() was given, by every method") {
  asyncio::run(exception_raised());
}

namespace {
Coroutine<> exception_waiting() {
  StreamReader reader = fed();
  auto task = asyncio::create_task(reader.readline());
  co_await turns();
  reader.set_exception(error<tandem::ValueError>("broken"));
  log(co_await said(task));
  reader = fed();
  task = asyncio::create_task(reader.readline());
  co_await turns();
  task.cancel();
  reader.set_exception(error<tandem::RuntimeError>("message"));
  const std::string end = co_await said(task);
  log(end, to_string(reader));
}
}  // namespace
CASE("asyncio.stream-reader.exception.waiting",
     "a read that waits raises it, a cancelled one is left alone") {
  asyncio::run(exception_waiting());
}

namespace {
Coroutine<> second() {
  const StreamReader reader = fed();
  const auto first = asyncio::create_task(reader.read(1));
  co_await turns();
  log(co_await said(reader.read(1)));
  log(co_await said(reader.readline()));
  log(co_await said(reader.readuntil("x")));
  log(co_await said(reader.readexactly(1)));
  reader.feed_data("x");
  log(co_await said(first));
}
}  // namespace
CASE("asyncio.stream-reader.second", "RuntimeError: only one may wait") { asyncio::run(second()); }

namespace {
Coroutine<> cancel_one(StreamReader reader, Coroutine<std::string> read) {
  const auto task = asyncio::create_task(std::move(read));
  co_await turns(2);
  reader.feed_data("def");
  task.cancel();
  const std::string end = co_await said(task);
  log(end, co_await rest(reader));
}
Coroutine<> cancel() {
  StreamReader reader = fed({"abc"});
  co_await cancel_one(reader, reader.readline());
  reader = fed({"abc"});
  co_await cancel_one(reader, reader.readexactly(20));
  reader = fed({"abc"});
  co_await cancel_one(reader, reader.readuntil("x"));
}
}  // namespace
CASE("asyncio.stream-reader.cancel", "a cancelled read has taken nothing") {
  asyncio::run(cancel());
}

namespace {
Coroutine<> limit_positive() {
  for (const int limit : {0, -1}) log(raised([limit] { StreamReader reader(limit); }));
  co_return;
}
}  // namespace
CASE("asyncio.stream-reader.limit.positive", "ValueError for a limit of zero or less") {
  asyncio::run(limit_positive());
}

// ---- the feeding end

namespace {
Coroutine<> at_eof() {
  const StreamReader reader = fed();
  log(reader.at_eof());
  reader.feed_data("some data\n");
  bool before = reader.at_eof();
  std::string line = co_await said(reader.readline());
  log(before, line, reader.at_eof());
  reader.feed_data("some data\n");
  reader.feed_eof();
  before = reader.at_eof();
  line = co_await said(reader.readline());
  log(before, line, reader.at_eof());
}
}  // namespace
CASE("asyncio.stream-reader.at-eof", "the end was said, and nothing is left") {
  asyncio::run(at_eof());
}

namespace {
Coroutine<> feed_empty() {
  const StreamReader reader = fed({""});
  log(to_string(reader));
  const auto task = asyncio::create_task(reader.read(1));
  co_await turns();
  reader.feed_data("");
  co_await turns(3);
  log(task.done());
  reader.feed_data("x");
  log(co_await said(task));
}
}  // namespace
CASE("asyncio.stream-reader.feed.empty", "no data wakes nobody") { asyncio::run(feed_empty()); }

namespace {
Coroutine<> read_four(StreamReader reader) { log("read", co_await said(reader.readexactly(4))); }
Coroutine<> order() {
  const StreamReader reader = fed();
  const auto task = asyncio::create_task(read_four(reader));
  co_await turns();
  reader.feed_data("ab");
  log("fed");
  co_await turns();
  log("one turn");
  reader.feed_data("cd");
  co_await turns();
  log("two turns");
  co_await task;
  const auto next = asyncio::create_task(read_four(reader));
  co_await turns();
  reader.feed_data("efgh");
  log("all fed");
  co_await turns();
  log("next turn", next.done());
  co_await next;
}
}  // namespace
CASE("asyncio.stream-reader.order", "who reads goes on in the turn after the data") {
  asyncio::run(order());
}

namespace {
Coroutine<std::string> of_running() {
  const StreamReader reader;
  const asyncio::StreamReaderProtocol protocol(reader);
  later(reader, {"x"});
  co_return co_await said(reader.read(1));
}
void without_running() {
  for (int i = 0; i < 2; ++i) log(before(raised([] { StreamReader reader; }), ":"));
  const auto loop = asyncio::new_event_loop();
  asyncio::set_event_loop(loop);
  const StreamReader reader;
  const asyncio::StreamReaderProtocol protocol(reader);
  loop.call_soon([reader] { reader.feed_data("x"); });
  log(loop.run_until_complete(said(reader.read(1))));
  asyncio::set_event_loop(std::nullopt);
  loop.close();
}
}  // namespace
CASE("asyncio.stream-reader.loop", "the running loop; without one there has to be a current one") {
  log(asyncio::run(of_running()));
  threading::Thread thread(without_running);
  thread.start();
  thread.join();
}

namespace {
Coroutine<> repr_of_readers() {
  log(to_string(StreamReader()));
  log(to_string(StreamReader(123)));
  StreamReader reader = fed({"data"});
  log(to_string(reader));
  reader.feed_eof();
  log(to_string(reader));
  reader = fed();
  reader.set_exception(error<tandem::RuntimeError>("broken"));
  log(to_string(reader));
  reader = fed();
  const auto task = asyncio::create_task(reader.read(1));
  co_await turns();
  log(before(to_string(reader), " pending"));
  reader.feed_data("xy");
  const std::string read = co_await said(task);
  log(to_string(reader), read);
}
}  // namespace
CASE("asyncio.stream-reader.repr", "what it holds and waits for") {
  asyncio::run(repr_of_readers());
}

// ---- flow control

namespace {

// A reader of a pipe, its transport, and the pipe's other end.
struct Piped {
  Piped(StreamReader its_reader, asyncio::Transport its_transport, int its_writer)
      : reader(std::move(its_reader)), transport(std::move(its_transport)), writer(its_writer) {}
  StreamReader reader;
  asyncio::Transport transport;
  int writer;
};
Coroutine<Piped> piped(std::ptrdiff_t limit) {
  const PipeEnds ends;
  StreamReader reader(limit);
  const auto protocol = std::make_shared<asyncio::StreamReaderProtocol>(reader);
  const auto make = [protocol] { return protocol; };
  auto [transport, made] = co_await asyncio::connect_read_pipe(make, ends.reader);
  co_return Piped(reader, transport, ends.writer);
}

Coroutine<> pauses() {
  const Piped pipe = co_await piped(10);
  write_to(pipe.writer, std::string(20, 'x'));
  co_await turns(5);
  log(pipe.transport.is_reading());
  write_to(pipe.writer, "x");
  co_await turns(5);
  log(pipe.transport.is_reading());
  write_to(pipe.writer, "more");
  co_await turns(5);
  const std::string ten = co_await pipe.reader.read(10);
  const bool between = pipe.transport.is_reading();
  const std::string one = co_await pipe.reader.read(1);
  log(ten.size(), between, one.size(), pipe.transport.is_reading());
  ::close(pipe.writer);
  log(co_await said(pipe.reader.read()));
}

}  // namespace
CASE("asyncio.stream-reader.flow.pauses",
     "above twice the limit it is not read from; from the limit on again") {
  asyncio::run(pauses());
}

namespace {
Coroutine<> waiting_resumes() {
  const Piped pipe = co_await piped(10);
  write_to(pipe.writer, std::string(25, 'x'));
  co_await turns(5);
  log(pipe.transport.is_reading());
  const auto task = asyncio::create_task(pipe.reader.readexactly(60));
  co_await turns(3);
  log(pipe.transport.is_reading());
  write_to(pipe.writer, std::string(35, 'x'));
  const std::string all = co_await task;
  log(all.size());
  ::close(pipe.writer);
  log(co_await said(pipe.reader.read()));
}
}  // namespace
CASE("asyncio.stream-reader.flow.waiting-resumes", "who waits for more than it may hold gets it") {
  asyncio::run(waiting_resumes());
}

namespace {
Coroutine<> pipe_reader() {
  const Piped pipe = co_await piped(1);
  write_to(pipe.writer, "data");
  ::close(pipe.writer);
  log(co_await said(pipe.reader.read(-1)));
}
}  // namespace
CASE("asyncio.stream-reader.pipe", "all that a pipe's other end has written, and its end") {
  asyncio::run(pipe_reader());
}
