// Connections over both of their transports, what crosses with them, and waiting for many.
#include "tandem/multiprocessing/connection.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "asleep.hpp"
#include "needs.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/multiprocessing/exceptions.hpp"

namespace tandem::multiprocessing {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

bool is_readable(int descriptor) {
  pollfd polled{descriptor, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

pid_t fork_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  body();
  ::_exit(0);
}
int ending(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

std::string text_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::pair<Connection, Connection> stream_pair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {Connection(ends[0]), Connection(ends[1])};
}

using Make = std::pair<Connection, Connection> (*)();

class ConnectionOver : public testing::TestWithParam<Make> {
 protected:
  void TearDown() override {
    pair_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_);
  }

  const std::size_t descriptors_ = open_descriptors();
  std::optional<std::pair<Connection, Connection>> pair_ = GetParam()();
  Connection &a = pair_->first, &b = pair_->second;
};

TEST_P(ConnectionOver, ValuesAndBytesGoBothWays) {
  a.send(std::tuple(42, "hello"s));
  a.send("literal");
  a.send_bytes("");
  a.send_bytes("0123456789", {.offset = 2, .size = 3});
  a.send_bytes("0123456789", {.offset = 8});
  EXPECT_EQ((b.recv<std::tuple<int, std::string>>()), std::tuple(42, "hello"s));
  EXPECT_EQ(b.recv<std::string>(), "literal");
  EXPECT_EQ(b.recv_bytes(), "");
  EXPECT_EQ(b.recv_bytes(), "234");
  EXPECT_EQ(b.recv_bytes(), "89");
  b.send(std::map<std::string, std::vector<int>>{{"x", {1, 2}}});
  EXPECT_EQ((a.recv<std::map<std::string, std::vector<int>>>().at("x")), (std::vector{1, 2}));
}

TEST_P(ConnectionOver, LongMessages) {
  const std::vector<double> numbers(300'000, 1.5);
  const std::string text(3'000'000, 'x');
  std::thread other([&] {
    a.send(numbers);
    a.send_bytes(text);
    a.send(std::tuple(1, text, numbers, text));
  });
  EXPECT_EQ(b.recv<std::vector<double>>(), numbers);
  EXPECT_EQ(b.recv_bytes(), text);
  EXPECT_EQ((b.recv<std::tuple<int, std::string, std::vector<double>, std::string>>()),
            std::tuple(1, text, numbers, text));
  other.join();
}

TEST_P(ConnectionOver, AnotherTypeIsNamedAndGone) {
  a.send(42);
  a.send("next");
  const std::string text = text_of([&] { b.recv<std::string>(); });
  EXPECT_NE(text.find("int"), text.npos) << text;
  EXPECT_NE(text.find("string"), text.npos) << text;
  EXPECT_EQ(b.recv<std::string>(), "next");
  a.send_bytes("no pickle");
  EXPECT_THROW(b.recv<int>(), pickle::UnpicklingError);
  a.send_bytes("");
  EXPECT_THROW(b.recv<int>(), EOFError);
}

TEST_P(ConnectionOver, IntoABuffer) {
  std::vector<int> numbers(4);
  a.send_bytes("12345678");
  EXPECT_EQ(b.recv_bytes_into(numbers, 4), 8u);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(numbers.data()) + 4, 8), "12345678");
  a.send_bytes("12345678");
  char small[7];
  try {
    b.recv_bytes_into(small);
    ADD_FAILURE();
  } catch (const BufferTooShort& error) {
    EXPECT_EQ(error.message(), "12345678");
  }
  EXPECT_EQ(text_of([&] { b.recv_bytes_into(small, -1); }), "negative offset");
  EXPECT_EQ(text_of([&] { b.recv_bytes_into(small, 8); }), "offset too large");
}

TEST_P(ConnectionOver, WrongParts) {
  EXPECT_EQ(text_of([&] { a.send_bytes("abc", {.offset = -1}); }), "offset is negative");
  EXPECT_EQ(text_of([&] { a.send_bytes("abc", {.offset = 4}); }), "buffer length < offset");
  EXPECT_EQ(text_of([&] { a.send_bytes("abc", {.size = -1}); }), "size is negative");
  EXPECT_EQ(text_of([&] { a.send_bytes("abc", {.offset = 1, .size = 3}); }),
            "buffer length < offset + size");
  EXPECT_EQ(text_of([&] { b.recv_bytes(-1); }), "negative maxlength");
}

TEST_P(ConnectionOver, WhatIsTooLongEndsReading) {
  a.send_bytes("12345");
  EXPECT_EQ(text_of([&] { b.recv_bytes(4); }), "bad message length");
  EXPECT_FALSE(b.readable());
  EXPECT_EQ(text_of([&] { b.recv_bytes(); }), "connection is write-only");
  b.send_bytes("still");
  EXPECT_EQ(a.recv_bytes(5), "still");
}

TEST_P(ConnectionOver, AClosedOne) {
  EXPECT_FALSE(a.closed());
  Connection copy = a;
  EXPECT_EQ(copy, a);
  copy.close();
  a.close();
  EXPECT_TRUE(a.closed());
  for (const auto& act : std::vector<std::function<void()>>{
           [&] { a.send(1); }, [&] { a.recv<int>(); }, [&] { a.send_bytes("x"); },
           [&] { a.recv_bytes(); }, [&] { a.poll(); }, [&] { a.fileno(); },
           [&] { connection::wait({a}, 0s); }})
    EXPECT_EQ(text_of(act), "handle is closed");
}

TEST_P(ConnectionOver, TheEnd) {
  a.send(1);
  a.close();
  EXPECT_TRUE(b.poll());
  EXPECT_EQ(b.recv<int>(), 1);
  EXPECT_TRUE(b.poll());
  EXPECT_THROW(b.recv<int>(), EOFError);
  EXPECT_THROW(b.recv_bytes(), EOFError);
  EXPECT_THROW(b.send(1), BrokenPipeError);
}

TEST_P(ConnectionOver, Polling) {
  EXPECT_FALSE(b.poll());
  EXPECT_FALSE(b.poll(-1s));
  EXPECT_FALSE(b.poll(1ms));
  const std::size_t before = parked_threads();
  std::thread other([&] { EXPECT_TRUE(b.poll(60s)); });
  wait_until_parked(before + 1);
  a.send_bytes("x");
  other.join();
  EXPECT_TRUE(b.poll(-1s));
  EXPECT_EQ(b.recv_bytes(), "x");
  EXPECT_FALSE(b.poll());
}

TEST_P(ConnectionOver, TheDescriptorSaysWhetherThereIsSomething) {
  a.send_bytes("before");
  const int descriptor = b.fileno();
  EXPECT_EQ(b.fileno(), descriptor);
  EXPECT_TRUE(is_readable(descriptor));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(b.recv_bytes(), round == 0 ? "before" : "second");
    EXPECT_FALSE(is_readable(descriptor));
    a.send_bytes("first");
    EXPECT_TRUE(is_readable(descriptor));
    a.send_bytes("second");
    EXPECT_EQ(b.recv_bytes(), "first");
    EXPECT_TRUE(is_readable(descriptor));
  }
  b.recv_bytes();
  EXPECT_FALSE(is_readable(descriptor));
  a.close();
  EXPECT_TRUE(is_readable(descriptor));
}

TEST_P(ConnectionOver, WaitingForMany) {
  std::vector<std::pair<Connection, Connection>> pairs;
  for (int i = 0; i < 6; ++i) pairs.push_back(GetParam()());
  std::vector<Connection> readers;
  for (const auto& pair : pairs) readers.push_back(pair.second);
  EXPECT_TRUE(connection::wait(readers, 0s).empty());
  EXPECT_TRUE(connection::wait(readers, -1s).empty());
  EXPECT_TRUE(connection::wait(readers, 1ms).empty());
  pairs[1].first.send(1);
  pairs[4].first.close();
  pairs[5].first.send(5);
  EXPECT_EQ(connection::wait(readers), (std::vector{readers[1], readers[4], readers[5]}));
  EXPECT_EQ(readers[1].recv<int>(), 1);
  EXPECT_EQ(readers[5].recv<int>(), 5);
  EXPECT_EQ(connection::wait(readers, 1s), std::vector{readers[4]});
  readers.erase(readers.begin() + 4);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const std::size_t before = parked_threads();
  std::thread other([&] {
    EXPECT_EQ(connection::wait({readers[0], pipe[0], readers[2]}),
              std::vector<connection::Waitable>{pipe[0]});
  });
  wait_until_parked(before + 1);
  ::close(pipe[1]);
  other.join();
  ::close(pipe[0]);
  std::thread another([&] { EXPECT_EQ(connection::wait(readers), std::vector{readers[2]}); });
  wait_until_parked(before + 1);
  pairs[2].first.send(2);
  another.join();
  EXPECT_EQ(text_of([&] { connection::wait({-1}); }), "Invalid file descriptor: -1");
}

TEST_P(ConnectionOver, OneIsSentOverAnother) {
  {
    auto [c, d] = Pipe();
    auto [e, f] = Pipe(false);
    auto [g, h] = stream_pair();
    a.send(std::tuple(d, e, std::vector{g}));
    a.send_bytes("between");
    a.send(f);
    auto [d2, e2, g2] = b.recv<std::tuple<Connection, Connection, std::vector<Connection>>>();
    EXPECT_EQ(b.recv_bytes(), "between");
    auto f2 = b.recv<Connection>();
    d.close();
    g.close();
    f.close();
    c.send("to d");
    EXPECT_EQ(d2.recv<std::string>(), "to d");
    d2.send("to c");
    EXPECT_EQ(c.recv<std::string>(), "to c");
    EXPECT_FALSE(e2.writable());
    f2.send(7);
    EXPECT_EQ(e2.recv<int>(), 7);
    h.send(8);
    EXPECT_EQ(g2.at(0).recv<int>(), 8);
    f2.close();
    EXPECT_THROW(e.recv<int>(), EOFError);
  }
  EXPECT_THROW(pickle::dumps(a), pickle::PicklingError);
}

TEST_P(ConnectionOver, WhoSleepsIsWokenByAMessageWithHandles) {
  const std::size_t before = parked_threads();
  std::thread other([&] {
    auto received = b.recv<Connection>();
    received.send(1);
  });
  wait_until_parked(before + 1);
  auto [c, d] = Pipe();
  a.send(d);
  EXPECT_EQ(c.recv<int>(), 1);
  other.join();
}

TEST_P(ConnectionOver, AnyNumberWithHandlesMayBeUnderWay) {
  constexpr int many = 1000;
  auto [c, d] = Pipe();
  std::thread other([&, kept = d] {
    for (int i = 0; i < many; ++i) a.send(kept);
  });
  for (int i = 0; i < many; ++i) b.recv<Connection>().send(i);
  for (int i = 0; i < many; ++i) ASSERT_EQ(c.recv<int>(), i);
  other.join();
}

TEST_P(ConnectionOver, HandlesThatNobodyTakesAreClosed) {
  const std::size_t before = open_descriptors();
  {
    auto [c, d] = GetParam()();
    {
      auto [e, f] = Pipe();
      for (int i = 0; i < 3; ++i) c.send(std::pair(e, f));
    }
    d.recv_bytes();
    EXPECT_THROW(d.recv<int>(), pickle::UnpicklingError);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(ConnectionOver, ManyThreadsAtOnce) {
  constexpr int threads = 4, messages = 2000;
  std::vector<std::thread> all;
  std::atomic<int> sum = 0;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      for (int n = 1; n <= messages; ++n) a.send(n);
    });
    all.emplace_back([&] {
      for (int n = 1; n <= messages; ++n) sum += b.recv<int>();
    });
  }
  for (auto& thread : all) thread.join();
  EXPECT_EQ(sum, threads * messages * (messages + 1) / 2);
}

TEST_P(ConnectionOver, ItIsCopiedByFork) {
  const pid_t child = fork_child([this] {
    a.close();
    while (b.poll({})) {
      try {
        b.send(2 * b.recv<int>());
      } catch (const EOFError&) {
        break;
      }
    }
  });
  b.close();
  for (int i = 0; i < 1000; ++i) {
    a.send(i);
    ASSERT_EQ(a.recv<int>(), 2 * i);
  }
  a.close();
  EXPECT_EQ(ending(child), 0);
}

TEST_P(ConnectionOver, TheDeathOfTheOtherSide) {
  const pid_t child = fork_child([this] {
    a.close();
    ::pause();
  });
  b.close();
  const std::size_t before = parked_threads();
  std::thread other([&] { EXPECT_THROW(a.recv_bytes(), EOFError); });
  std::thread another([&] { EXPECT_EQ(connection::wait({a}).size(), 1u); });
  wait_until_parked(before + 2);
  ::kill(child, SIGKILL);
  other.join();
  another.join();
  ending(child);
}

TEST_P(ConnectionOver, ClosingWhileAnotherThreadReceives) {
  const std::size_t before = parked_threads();
  std::thread other([&] { text_of([&] { b.recv_bytes(); }); });
  wait_until_parked(before + 1);
  b.close();
  EXPECT_TRUE(b.closed());
  a.send_bytes("x");
  other.join();
}

INSTANTIATE_TEST_SUITE_P(, ConnectionOver,
                         testing::Values(
                             +[] { return Pipe(); }, +[] { return stream_pair(); }),
                         [](const auto& made) { return made.index == 0 ? "Ring" : "Stream"; });

TEST(OneWayPipe, EachEndDoesOneThing) {
  const std::size_t before = open_descriptors();
  {
    auto [reader, writer] = Pipe(false);
    EXPECT_TRUE(reader.readable());
    EXPECT_FALSE(reader.writable());
    EXPECT_FALSE(writer.readable());
    EXPECT_TRUE(writer.writable());
    EXPECT_EQ(text_of([&, r = reader] { r.send(1); }), "connection is read-only");
    EXPECT_EQ(text_of([&, w = writer] { w.recv<int>(); }), "connection is write-only");
    EXPECT_EQ(text_of([&, w = writer] { w.poll(); }), "connection is write-only");
    EXPECT_TRUE(connection::wait({writer}, 0s).empty());
    reader.close();
    EXPECT_EQ(connection::wait({writer}, 60s).size(), 1u);
    EXPECT_THROW(writer.send(1), BrokenPipeError);
    writer.close();
    EXPECT_EQ(open_descriptors(), before);
  }
}

TEST(OneWayPipe, TooLongAMessageClosesTheReader) {
  auto [reader, writer] = Pipe(false);
  writer.send_bytes("12345");
  EXPECT_EQ(text_of([r = reader] { r.recv_bytes(4); }), "bad message length");
  EXPECT_TRUE(reader.closed());
}

TEST(OneWayPipe, AWriterThatIsKilledInALongMessage) {
  TANDEM_NEEDS(robust_mutexes);
  auto [reader, writer] = Pipe(false);
  const pid_t child = fork_child([w = writer, r = reader] {
    r.close();
    w.send_bytes(std::string(10'000'000, 'x'));
  });
  while (!reader.poll()) std::this_thread::yield();
  ::kill(child, SIGKILL);
  ending(child);
  writer.send("after it");  // the lock of the dead is taken over
  EXPECT_EQ(reader.recv<std::string>(), "after it");
}

TEST(ConnectionOfHandle, HasToBeOne) {
  EXPECT_EQ(text_of([] { Connection(-1); }), "invalid handle");
  EXPECT_EQ(text_of([] { Connection(0, {.readable = false, .writable = false}); }),
            "at least one of `readable` and `writable` must be True");
}

TEST(ConnectionOfHandle, OfAPipeOfTheSystem) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Connection reader(ends[0], {.writable = false}), writer(ends[1], {.readable = false});
  writer.send(std::vector{1, 2, 3});
  EXPECT_EQ(reader.recv<std::vector<int>>(), (std::vector{1, 2, 3}));
  EXPECT_THROW(writer.send(reader), pickle::PicklingError);
  EXPECT_TRUE(to_string(reader).starts_with("<multiprocessing.connection.Connection object at 0x"));
}

#if SIZE_MAX > UINT32_MAX
// Of messages that are never there as a whole.
TEST(ConnectionOfHandle, LengthsTakeSixtyFourBits) {
  constexpr std::size_t length = (std::size_t{1} << 32) + 5;
  const std::string head("\xff\xff\xff\xff\0\0\0\1\0\0\0\5", 12);
  void* const untouched =
      ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(untouched, MAP_FAILED);
  const auto sent = [&] {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    std::string first(head.size(), 'x');
    std::thread other([&first, end = ends[1]] {
      EXPECT_EQ(::recv(end, first.data(), first.size(), MSG_WAITALL), 12);
      ::close(end);
    });
    const Connection writer(ends[0]);
    EXPECT_THROW(writer.send_bytes({static_cast<const char*>(untouched), length}), OSError);
    other.join();
    return first;
  };
  EXPECT_EQ(sent(), head);
  ::munmap(untouched, length);

  const auto received = [&](std::ptrdiff_t maxlength) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const Connection reader(ends[0]);
    EXPECT_EQ(::send(ends[1], head.data(), head.size(), 0), 12);
    ::close(ends[1]);
    return text_of([&] { reader.recv_bytes(maxlength); });
  };
  EXPECT_EQ(received(length - 1), "bad message length");
  EXPECT_EQ(received(length), "got end of file during message");
}
#endif

}  // namespace
}  // namespace tandem::multiprocessing
