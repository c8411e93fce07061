// What threads did with one queue, and when: the input of the checkers in linearizability.hpp.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace tandem::conformance {

enum class Kind : std::uint8_t { put, get, qsize, shutdown };
// nothing: what try_get() returns when there is none, and what try_put() puts when there is no
// room, shut down or not
enum class Outcome : std::uint8_t { ok, empty, nothing, full, shut_down, pending };

// One operation. It took effect at one moment of [invoked, returned], if it did at all.
//   value   what was put or got; what qsize() was; whether a shutdown was immediate
struct Operation {
  Kind kind = Kind::put;
  Outcome outcome = Outcome::ok;
  std::uint32_t thread = 0;
  std::int64_t value = 0;
  std::uint64_t invoked = 0;
  std::uint64_t returned = 0;
};
using History = std::vector<Operation>;

inline constexpr std::uint64_t never_returned = std::numeric_limits<std::uint64_t>::max();

// Equal stamps are concurrent: the clock could not tell.
constexpr bool precedes(const Operation& a, const Operation& b) { return a.returned < b.invoked; }

std::string to_string(const Operation& operation);

// Something that took some time, as it is drawn.
struct Bar {
  std::string lane;
  std::string text;
  std::uint64_t from = 0, to = never_returned;
};
// Lanes in the order of their names, columns in the order of time:
//   T0 |put(1)|       |get=2 |
//   T1     |put(2)       |
std::string chart(const std::vector<Bar>& bars);
std::vector<Bar> bars_of(const History& history);
inline std::string chart(const History& history) { return chart(bars_of(history)); }

// How much of a history really ran at the same time.
struct Overlap {
  std::size_t pairs = 0;   // of operations of different threads
  std::size_t widest = 0;  // operations in progress at one moment
};
Overlap overlap(const History& history);

// Nanoseconds of the monotonic clock.
std::uint64_t steady_stamp();

// The operations of one thread. Only that thread writes; any thread may read what has been
// published, at any time.
class Lane {
 public:
  using Stamp = std::uint64_t (*)();

  Lane(std::uint32_t thread, std::size_t capacity, Stamp stamp = steady_stamp);
  // timeout: Empty or Full cannot take effect before that much time has passed.
  void begin(Kind kind, std::int64_t value = 0, std::chrono::nanoseconds timeout = {});
  void end(Outcome outcome, std::int64_t value);
  void end(Outcome outcome) { end(outcome, entries_[begun_.load(relaxed)].operation.value); }

  std::size_t ended() const { return ended_.load(std::memory_order_acquire); }
  bool in_progress() const { return started_.load(std::memory_order_acquire) != ended(); }
  std::uint64_t version() const { return ended() + started_.load(std::memory_order_acquire); }
  void append_to(History& history) const;
  void clear();

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  struct Entry {
    Operation operation;
    std::chrono::nanoseconds timeout{};
  };

  std::uint32_t thread_;
  Stamp stamp_;
  std::vector<Entry> entries_;
  std::atomic<std::size_t> begun_{0};    // index of the entry that is written
  std::atomic<std::size_t> started_{0};  // how many have been invoked
  std::atomic<std::size_t> ended_{0};    // how many have returned
};

class Recorder {
 public:
  Recorder(std::size_t threads, std::size_t capacity_each, Lane::Stamp stamp = steady_stamp);
  Lane& operator[](std::size_t thread) { return *lanes_[thread]; }
  const Lane& operator[](std::size_t thread) const { return *lanes_[thread]; }
  std::size_t threads() const { return lanes_.size(); }
  // What has been published so far; operations in progress are pending.
  History history() const;
  // Changes whenever an operation begins or ends.
  std::uint64_t version() const;
  void clear();

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace tandem::conformance
