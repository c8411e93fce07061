// Every item says who made it and as how manieth, so that a queue that loses, doubles or reorders
// fails instead of winning.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

class Broken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::size_t kMaxProducers = 256;

struct Stamp {
  std::size_t producer = 0;
  std::uint64_t sequence = 0;

  std::int64_t packed() const {
    return static_cast<std::int64_t>((std::uint64_t{producer} << 48) | sequence);
  }
  static Stamp unpacked(std::int64_t packed) {
    const auto bits = static_cast<std::uint64_t>(packed);
    return {.producer = static_cast<std::size_t>(bits >> 48) % kMaxProducers,
            .sequence = bits & ((std::uint64_t{1} << 48) - 1)};
  }
};

// How a stamp travels as an item of each type.
template <class T>
struct Item;

template <>
struct Item<std::int64_t> {
  static std::int64_t make(std::int64_t value) { return value; }
  static std::int64_t read(std::int64_t item) { return item; }
};

template <>
struct Item<std::string> {  // 33 bytes: more than any std::string holds without allocating
  static std::string make(std::int64_t value) {
    std::string item(33, 't');
    std::memcpy(item.data(), &value, sizeof value);
    return item;
  }
  static std::int64_t read(const std::string& item) {
    if (item.size() != 33 || item.back() != 't') throw Broken("a string arrived damaged");
    std::int64_t value = 0;
    std::memcpy(&value, item.data(), sizeof value);
    return value;
  }
};

template <>
struct Item<std::unique_ptr<std::int64_t>> {
  static std::unique_ptr<std::int64_t> make(std::int64_t value) {
    return std::make_unique<std::int64_t>(value);
  }
  static std::int64_t read(const std::unique_ptr<std::int64_t>& item) {
    if (!item) throw Broken("a null pointer arrived");
    return *item;
  }
};

// What one consumer has seen. Items of one producer must arrive in the order they were put.
class Tally {
 public:
  void see(std::int64_t packed) {
    const Stamp stamp = Stamp::unpacked(packed);
    sum_ += static_cast<std::uint64_t>(packed);
    in_order_ = in_order_ && stamp.sequence >= next_[stamp.producer];
    next_[stamp.producer] = stamp.sequence + 1;
  }
  std::uint64_t sum() const { return sum_; }
  bool in_order() const { return in_order_; }

 private:
  std::uint64_t sum_ = 0;
  bool in_order_ = true;
  std::array<std::uint64_t, kMaxProducers> next_{};
};

inline std::uint64_t expected_sum(std::size_t producers, std::uint64_t items_each) {
  std::uint64_t sum = 0;
  for (std::size_t producer = 0; producer < producers; ++producer) {
    sum += (std::uint64_t{producer} << 48) * items_each + items_each * (items_each - 1) / 2;
  }
  return sum;
}

inline void check_sum(std::uint64_t seen, std::uint64_t expected) {
  if (seen == expected) return;
  throw Broken("checksum: " + std::to_string(seen) + " instead of " + std::to_string(expected));
}

inline void check(const std::vector<Tally>& tallies, std::uint64_t expected) {
  std::uint64_t sum = 0;
  for (const Tally& tally : tallies) {
    if (!tally.in_order()) throw Broken("items of one producer arrived out of order");
    sum += tally.sum();
  }
  check_sum(sum, expected);
}

}  // namespace bench
