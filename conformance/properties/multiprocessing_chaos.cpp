// Processes are killed at random moments while they use what is shared. Whatever is shared goes on:
// nobody hangs, nothing is lost but what the killed one had in its hands, nothing is left behind.
// 10,000 kills of each kind in a soak, and more with --hours.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tandem/multiprocessing.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "chaos.hpp"
#include "property.hpp"

namespace tandem::conformance {
namespace {

using namespace std::chrono_literals;
namespace mp = multiprocessing;

constexpr Counts kills{"kills", 100, 100'000, 1'000};

// Numbers that all processes count.
class Book {
 public:
  Book() : numbers_(entries) {}
  void count(std::size_t entry) const { cell(entry).fetch_add(1); }
  std::int64_t operator[](std::size_t entry) const { return cell(entry).load(); }

 private:
  static constexpr int entries = 3;
  std::atomic_ref<std::int64_t> cell(std::size_t entry) const {
    return std::atomic_ref<std::int64_t>(numbers_[static_cast<std::ptrdiff_t>(entry)]);
  }
  mp::RawArray<std::int64_t> numbers_;
};

class MultiprocessingChaos : public Chaos {
 protected:
  template <class F, class... A>
  static mp::Process start(F f, const A&... arguments) {
    auto process = mp::get_context("fork").Process(f, arguments...);
    process.start();
    return process;
  }
  static void end(const mp::Process& process) {
    process.kill();
    process.join();
    EXPECT_EQ(process.exitcode(), -SIGKILL);
    process.close();
  }
  // Until that has been counted further: then it goes on.
  static void expect_progress(const Book& book, std::size_t entry) {
    const std::int64_t before = book[entry];
    while (book[entry] == before) std::this_thread::yield();
    progress();
  }
};

// ---- queues ----

enum : std::size_t { was_put, was_got, was_wrong };
using Item = std::pair<std::pair<int, int>, std::string>;  // whose, the how manieth; and some text

std::string text_of(int number) {
  return std::string(static_cast<std::size_t>(number % 700), static_cast<char>('a' + number % 26));
}

void put_for_ever(const mp::Queue<Item>& queue, const Book& book, int putter) {
  for (int number = 0;; ++number) {
    queue.put({{putter, number}, text_of(number)});
    book.count(was_put);
  }
}

void get_for_ever(const mp::Queue<Item>& queue, const Book& book) {
  std::map<int, int> next;  // of each putter
  for (;;) {
    const auto [who, text] = queue.get();
    const auto [putter, number] = who;
    if (number < std::exchange(next[putter], number + 1) || text != text_of(number))
      book.count(was_wrong);
    book.count(was_got);
  }
}

TEST_F(MultiprocessingChaos, AQueueOutlivesThoseWhoUseIt) {
  Tally tally(kills);
  const mp::Context fork = mp::get_context("fork");
  const Book book;
  const mp::Queue<Item> queue(fork, 50);
  std::int64_t killed_putters = 0, killed_getters = 0;
  int putters = 0;
  std::vector<mp::Process> putting, getting;
  for (int i = 0; i < 2; ++i) {
    putting.push_back(start(put_for_ever, queue, book, putters++));
    getting.push_back(start(get_for_ever, queue, book));
  }
  for (; !tally.is_enough(); tally.add(1)) {
    pass_some_time();
    const std::size_t victim = one_of(4);
    if (victim < 2) {
      end(putting[victim]);
      ++killed_putters;
      putting[victim] = start(put_for_ever, queue, book, putters++);
    } else {
      end(getting[victim - 2]);
      ++killed_getters;
      getting[victim - 2] = start(get_for_ever, queue, book);
    }
    expect_progress(book, was_got);
  }
  for (const auto& process : putting) end(process), ++killed_putters;
  while (!queue.empty()) std::this_thread::yield();
  for (const auto& process : getting) end(process), ++killed_getters;
  EXPECT_EQ(book[was_wrong], 0);
  EXPECT_GE(book[was_got], book[was_put] - killed_getters);
  EXPECT_LE(book[was_got], book[was_put] + killed_putters);
  EXPECT_EQ(queue.qsize(), 0U);
}

// ---- locks ----

void lock_for_ever(const mp::RLock& lock, const mp::RawValue<int>& inside, const Book& book) {
  for (;;) {
    std::scoped_lock guard(lock);
    std::atomic_ref<int> count(inside.value());
    if (count.exchange(1) != 0) book.count(was_wrong);  // nobody else, unless it was killed
    book.count(was_got);
    count.store(0);
  }
}

TEST_F(MultiprocessingChaos, ARecursiveLockOutlivesItsOwners) {
  Tally tally(kills);
  const mp::Context fork = mp::get_context("fork");
  const mp::RLock lock(fork);
  const Book book;
  const mp::RawValue<int> inside;
  std::vector<mp::Process> processes;
  std::int64_t killed = 0;
  const auto one = [&] { return start(lock_for_ever, lock, inside, book); };
  for (int i = 0; i < 3; ++i) processes.push_back(one());
  for (; !tally.is_enough(); tally.add(1)) {
    pass_some_time();
    auto& victim = processes[one_of(3)];
    end(victim);
    ++killed;
    victim = one();
    expect_progress(book, was_got);
  }
  for (const auto& process : processes) end(process);
  EXPECT_LE(book[was_wrong], killed);
  EXPECT_TRUE(lock.acquire({.timeout = 60s}));
  lock.release();
}

// ---- conditions ----

void wait_for_ever(const mp::Condition& condition, const Book& book) {
  std::scoped_lock guard(condition);
  for (;;) {
    condition.wait();
    book.count(was_got);
  }
}

// Notified one by one: a dead one takes no notification from the living.
TEST_F(MultiprocessingChaos, ANotificationIsForTheLiving) {
  Tally tally(kills);
  const mp::Context fork = mp::get_context("fork");
  const mp::Condition condition(fork);
  const Book book;
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) processes.push_back(start(wait_for_ever, condition, book));
  for (; !tally.is_enough(); tally.add(1)) {
    pass_some_time();
    auto& victim = processes[one_of(3)];
    end(victim);
    victim = start(wait_for_ever, condition, book);
    const std::int64_t before = book[was_got];
    while (book[was_got] == before) {
      std::scoped_lock guard(condition);
      condition.notify();
    }
    progress();
  }
  for (const auto& process : processes) end(process);
}

}  // namespace
}  // namespace tandem::conformance
