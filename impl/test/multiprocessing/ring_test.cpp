// Rings between threads and between processes; sleepers, and those who are killed.
#include "multiprocessing/ring.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "asleep.hpp"
#include "tandem/core/park.hpp"

namespace tandem::multiprocessing::detail {
namespace {

using namespace std::chrono_literals;

bool is_readable(int socket) {
  pollfd polled{socket, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

// With a pipe or without.
class Ring : public testing::TestWithParam<bool> {
 protected:
  RingWriter& writer() { return *line_.writer; }
  RingReader& reader() { return *line_.reader; }

  bool put(std::string_view bytes, std::uint32_t tag = 0) {
    Outgoing message(bytes, tag);
    return writer().push(message);
  }
  Outcome send(std::string_view bytes, Deadline until = {}) {
    Outgoing message(bytes);
    return writer().send(message, until);
  }
  // What comes next; none at the end.
  std::optional<std::string> get() {
    Incoming message;
    if (reader().receive(message) == Outcome::hung_up) return {};
    return message.bytes;
  }
  std::size_t fill() {
    std::size_t count = 0;
    while (put(std::to_string(count))) ++count;
    return count;
  }

  // As of a writer that was killed when its last piece was there, but had not been counted yet.
  void put_by_the_dead(std::string_view bytes) {
    const std::uint64_t before = state().tail.load();
    put(bytes);
    state().tail.store(before);
  }
  RingState& state() { return memory_->state(0); }

  // Runs in a child, which has both ends.
  pid_t fork_child(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    body();
    ::_exit(0);
  }
  static int ending(pid_t child) {
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
  }

  std::shared_ptr<RingMemory> memory_ = RingMemory::create(1);
  Line line_ = open_line(memory_, 0, GetParam());
};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

TEST_P(Ring, MessagesKeepTheirBordersAndTags) {
  EXPECT_FALSE(reader().ready());
  EXPECT_TRUE(put("", 7));
  EXPECT_TRUE(put("abc", 0xff'ffff));
  EXPECT_TRUE(put("12345678"));
  Incoming message;
  ASSERT_TRUE(reader().pull(message));
  EXPECT_EQ(message.bytes, "");
  EXPECT_EQ(message.tag, 7u);
  ASSERT_TRUE(reader().pull(message));
  EXPECT_EQ(message.bytes, "abc");
  EXPECT_EQ(message.tag, 0xff'ffffu);
  ASSERT_TRUE(reader().pull(message));
  EXPECT_EQ(message.bytes, "12345678");
  EXPECT_FALSE(reader().pull(message));
}

TEST_P(Ring, TwoPartsAreOneMessage) {
  const std::string head = "head:", body = pattern(100'000);
  std::thread other([&] {
    Outgoing message(std::as_bytes(std::span(head)), std::as_bytes(std::span(body)));
    EXPECT_EQ(writer().send(message), Outcome::done);
  });
  EXPECT_EQ(get(), head + body);
  other.join();
}

TEST_P(Ring, EverySizeGoesRoundManyTimes) {
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size < 300; ++size) sizes.push_back(size);
  for (const std::size_t size :
       {longest_piece - 8, longest_piece, longest_piece + 1, ring_capacity - 8, ring_capacity,
        ring_capacity + 1, 5 * ring_capacity + 3})
    for (int times = 0; times < 3; ++times) sizes.push_back(size);
  std::thread other([&] {
    for (const std::size_t size : sizes) EXPECT_EQ(send(pattern(size)), Outcome::done);
  });
  for (const std::size_t size : sizes) ASSERT_EQ(get(), pattern(size)) << size;
  other.join();
}

TEST_P(Ring, IsFullAndGoesOnWhenThereIsRoom) {
  const std::size_t count = fill();
  EXPECT_GT(count, ring_capacity / 16 - 2);
  EXPECT_EQ(send("more", Deadline::after(0s)), Outcome::timed_out);
  EXPECT_EQ(get(), "0");
  std::thread other([&] { EXPECT_EQ(send("last"), Outcome::done); });
  for (std::size_t i = 1; i < count; ++i) ASSERT_EQ(get(), std::to_string(i));
  EXPECT_EQ(get(), "last");
  other.join();
}

TEST_P(Ring, ASleepingWriterIsWoken) {
  const std::size_t count = fill();
  const std::size_t before = parked_threads();
  std::thread other([&] { EXPECT_EQ(send("last"), Outcome::done); });
  wait_until_parked(before + 1);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(get(), std::to_string(i));
  EXPECT_EQ(get(), "last");
  other.join();
}

TEST_P(Ring, ASleepingReaderIsWoken) {
  const std::size_t before = parked_threads();
  for (int times = 0; times < 100; ++times) {
    std::thread other([&] {
      wait_until_parked(before + 1);
      EXPECT_EQ(send(std::to_string(times)), Outcome::done);
    });
    EXPECT_EQ(get(), std::to_string(times));
    other.join();
  }
}

TEST_P(Ring, AllThatWaitForDataSeeIt) {
  const std::size_t before = parked_threads();
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i)
    others.emplace_back([&] { EXPECT_EQ(reader().look({}), Outcome::done); });
  wait_until_parked(before + 4);
  put("x");
  for (auto& other : others) other.join();
  EXPECT_EQ(get(), "x");
}

TEST_P(Ring, WaitingEndsAtTheDeadline) {
  EXPECT_EQ(reader().wait(Deadline::after(0s)), Outcome::timed_out);
  const auto deadline = Deadline::after(20ms);
  EXPECT_EQ(reader().wait(deadline), Outcome::timed_out);
  EXPECT_TRUE(deadline.passed());
  fill();
  EXPECT_EQ(writer().wait(Deadline::after(1ms)), Outcome::timed_out);
}

TEST_P(Ring, TheReaderGetsWhatWasWrittenBeforeTheEnd) {
  put("last");
  writer().close();
  EXPECT_EQ(reader().wait({}), Outcome::done);
  EXPECT_EQ(get(), "last");
  EXPECT_EQ(get(), std::nullopt);
  EXPECT_TRUE(reader().knows_hang_up());
  EXPECT_EQ(get(), std::nullopt);
}

TEST_P(Ring, AWriterLearnsThatTheReaderHasClosed) {
  EXPECT_EQ(send("x"), Outcome::done);
  reader().close();
  EXPECT_EQ(send("y"), Outcome::hung_up);
  EXPECT_TRUE(writer().knows_hang_up());
}

TEST_P(Ring, ASleepingWriterLearnsThatTheReaderHasClosed) {
  fill();
  const std::size_t before = parked_threads();
  std::thread other([&] { EXPECT_EQ(send("x"), Outcome::hung_up); });
  wait_until_parked(before + 1);
  reader().close();
  other.join();
}

TEST_P(Ring, ASleepingReaderLearnsThatTheWriterHasClosed) {
  const std::size_t before = parked_threads();
  std::thread other([&] { EXPECT_EQ(get(), std::nullopt); });
  wait_until_parked(before + 1);
  writer().close();
  other.join();
}

TEST_P(Ring, AMessageThatIsNotEndedIsLost) {
  const std::string long_one(2 * ring_capacity, 'x');
  Outgoing half(long_one);
  EXPECT_FALSE(writer().push(half));  // as of a writer that was killed
  Incoming message;
  EXPECT_FALSE(reader().pull(message));
  EXPECT_TRUE(message.begun);
  EXPECT_TRUE(put("next"));
  EXPECT_TRUE(reader().pull(message));
  EXPECT_EQ(message.bytes, "next");
}

TEST_P(Ring, TheRestOfWhatAKilledReaderBeganIsSkipped) {
  const std::string long_one(ring_capacity / 2, 'x');
  EXPECT_TRUE(put(long_one));
  EXPECT_TRUE(put("next"));
  {
    const auto piece = reader().front();
    ASSERT_TRUE(piece && piece->first && !piece->last);
    EXPECT_EQ(piece->length, long_one.size());
    reader().pop();
  }
  EXPECT_EQ(get(), "next");
}

TEST_P(Ring, WhatAKilledWriterHadWrittenIsReadOnce) {
  put("before");
  put_by_the_dead("last");
  writer().recover();
  EXPECT_TRUE(put("after"));
  for (const auto* const expected : {"before", "last", "after"}) EXPECT_EQ(get(), expected);
  EXPECT_FALSE(reader().ready());
}

TEST_P(Ring, AKilledWriterMayHaveBeenReadAlready) {
  put_by_the_dead("last");
  EXPECT_EQ(get(), "last");
  writer().recover();
  EXPECT_TRUE(put("next"));
  EXPECT_EQ(get(), "next");
  EXPECT_FALSE(reader().has_piece());
}

// Before anybody else writes; and nobody may be left who could.
TEST_P(Ring, WhatWasReadOfAKilledWriterIsNotThereAnyMore) {
  put_by_the_dead("last");
  EXPECT_EQ(get(), "last");
  EXPECT_FALSE(reader().has_piece());
  EXPECT_EQ(reader().wait(Deadline::after(1ms)), Outcome::timed_out);
  EXPECT_EQ(reader().look(Deadline::after(1ms)), Outcome::timed_out);
  writer().close();
  EXPECT_EQ(reader().wait({}), Outcome::hung_up);
}

// He had not looked at the bell yet; or had taken the reader from it, and not woken it yet.
TEST_P(Ring, WhomAKilledWriterDidNotWakeIsWokenByTheNext) {
  for (const std::uint32_t seen : {std::uint32_t{0}, Bell::taker}) {
    const std::size_t before = parked_threads();
    std::thread other([&] { EXPECT_EQ(get(), "last"); });
    wait_until_parked(before + 1);
    const std::uint32_t watch = state().data.watch.exchange(0);
    put_by_the_dead("last");
    state().data.watch.store(watch & ~seen);
    writer().recover();
    other.join();
  }
}

TEST_P(Ring, BetweenProcesses) {
  const pid_t child = fork_child([&] {
    reader().close();
    for (int i = 0; i < 100'000; ++i) send(std::to_string(i));
    send(pattern(3 * ring_capacity));
  });
  writer().close();
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(get(), std::to_string(i));
  EXPECT_EQ(get(), pattern(3 * ring_capacity));
  EXPECT_EQ(get(), std::nullopt);
  EXPECT_EQ(ending(child), 0);
}

TEST_P(Ring, AKilledWriterHangsUp) {
  const std::string bytes = pattern(2 * ring_capacity);
  Outgoing half(bytes);
  ASSERT_FALSE(writer().push(half));  // there is no room for more as long as nobody reads
  const pid_t child = fork_child([&] {
    reader().close();
    ::pause();
  });
  writer().close();
  Incoming message;
  ASSERT_EQ(reader().wait({}), Outcome::done);
  ASSERT_FALSE(reader().pull(message));
  ASSERT_TRUE(message.begun);
  const std::size_t before = parked_threads();
  std::thread other([&] { EXPECT_EQ(reader().receive(message), Outcome::hung_up); });
  wait_until_parked(before + 1);
  ::kill(child, SIGKILL);
  EXPECT_EQ(ending(child), SIGKILL);
  other.join();
}

TEST_P(Ring, AKilledReaderIsNoticedOnceItsDeathIsKnown) {
  const pid_t child = fork_child([&] {
    writer().close();
    ::pause();
  });
  reader().close();
  EXPECT_EQ(send("x"), Outcome::done);
  ::kill(child, SIGKILL);
  ending(child);
  note_death();
  EXPECT_EQ(send("x"), Outcome::hung_up);
}

TEST_P(Ring, AKilledReaderIsNoticedByWhoeverWaitsForRoom) {
  const pid_t child = fork_child([&] {
    writer().close();
    ::pause();
  });
  reader().close();
  fill();
  const std::size_t before = parked_threads();
  std::thread other([&] { EXPECT_EQ(send("x"), Outcome::hung_up); });
  wait_until_parked(before + 1);
  ::kill(child, SIGKILL);
  ending(child);
  other.join();
}

TEST_P(Ring, AWatchMakesTheSocketReady) {
  Watch watch(reader());
  EXPECT_EQ(watch.arm(false), std::nullopt);
  EXPECT_FALSE(is_readable(reader().socket()));
  put("x");
  EXPECT_TRUE(is_readable(reader().socket()));
  EXPECT_EQ(watch.arm(true), Outcome::done);
  EXPECT_EQ(get(), "x");
  EXPECT_EQ(watch.arm(true), std::nullopt);
  EXPECT_FALSE(is_readable(reader().socket()));
  writer().close();
  EXPECT_TRUE(is_readable(reader().socket()));
  EXPECT_EQ(watch.arm(true), Outcome::hung_up);
}

TEST_P(Ring, NobodyWatchesNobodyIsRung) {
  put("x");
  EXPECT_FALSE(is_readable(reader().socket()));
  { Watch watch(reader()); }
  EXPECT_EQ(get(), "x");
}

// What another thread is in the middle of making is there.
TEST_P(Ring, HasItsBeaconInAChildToo) {
  std::atomic<pid_t> lighter = 0;
  state().data.mutex.lock(nullptr);  // which the other one comes to last
  std::thread other([&] {
    lighter = own_thread();
    reader().beacon();
  });
  wait_until_asleep(lighter);
  const pid_t child = fork_child([&] {
    ::alarm(60);
    put("x");
    ::_exit(is_readable(reader().beacon()) ? 0 : 1);
  });
  state().data.mutex.unlock();
  other.join();
  EXPECT_EQ(ending(child), 0);
}

TEST_P(Ring, IsFoundAgainByItsHandle) {
  auto [there, back] = std::pair(RingMemory::create(2), std::shared_ptr<RingMemory>());
  back = RingMemory::attach(platform::Handle(::dup(there->handle().get())));
  EXPECT_EQ(back->rings(), 2u);
  Line line = open_line(there, 1);
  Outgoing message("through another mapping");
  EXPECT_TRUE(line.writer->push(message));
  RingReader reader(back, 1, platform::Handle(::dup(line.reader->socket())));
  Incoming got;
  EXPECT_TRUE(reader.pull(got));
  EXPECT_EQ(got.bytes, "through another mapping");
}

INSTANTIATE_TEST_SUITE_P(, Ring, testing::Bool(),
                         [](const auto& made) { return made.param ? "Pipe" : "Socket"; });

}  // namespace
}  // namespace tandem::multiprocessing::detail
