// What bench_writer writes, and whether it has arrived: text, so that all can read it, in blocks
// that say as how manieth they were written. With two pipes they take turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "checksum.hpp"

namespace bench {

inline constexpr std::size_t kBlock = 65536;  // what a pipe holds

class Payload {
 public:
  Payload() : block_(kBlock, '\n') {
    for (std::size_t i = 0; i < kBlock; ++i)
      if (i % kLine != kLine - 1) block_[i] = static_cast<char>('a' + i * 7 % 26);
  }

  // Until the next call.
  std::string_view block(std::uint64_t number) {
    char stamp[kStamp + 1];
    constexpr unsigned long long digits = 1'000'000'000'000'000;  // fifteen
    std::snprintf(stamp, sizeof stamp, "%015llu ", number % digits);
    std::memcpy(block_.data(), stamp, kStamp);
    return block_;
  }

 private:
  static constexpr std::size_t kLine = 64, kStamp = 16;
  std::string block_;
};

// Of `blocks` blocks each one that goes to this pipe, byte by byte.
inline void check_payload(std::string_view got, std::size_t pipe, std::size_t pipes,
                          std::uint64_t blocks) {
  Payload payload;
  for (std::uint64_t number = pipe; number < blocks; number += pipes) {
    if (got.substr(0, kBlock) != payload.block(number))
      throw Broken("block " + std::to_string(number) + " arrived damaged");
    got.remove_prefix(kBlock);
  }
  if (!got.empty()) throw Broken("more arrived than was written");
}

}  // namespace bench
