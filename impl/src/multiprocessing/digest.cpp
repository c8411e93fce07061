#include "multiprocessing/digest.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tandem::inline v1::multiprocessing::detail {

namespace {

constexpr std::size_t block_size = 64;

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> round_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

class Sha256 {
 public:
  void add_block(const char* block) noexcept {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = word(block + 4 * i);
    for (std::size_t i = 16; i < 64; ++i)
      w[i] = w[i - 16] + small_sigma(w[i - 15], 7, 18, 3) + w[i - 7] +
             small_sigma(w[i - 2], 17, 19, 10);
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t first =
          h + big_sigma(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
      const std::uint32_t second = big_sigma(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += added[i];
  }

  std::string digest() const {
    std::string bytes;
    for (const std::uint32_t word : state_)
      for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 0xff);
    return bytes;
  }

 private:
  static std::uint32_t word(const char* bytes) noexcept {
    std::uint32_t word = 0;
    for (int i = 0; i < 4; ++i) word = word << 8 | static_cast<unsigned char>(bytes[i]);
    return word;
  }
  static std::uint32_t big_sigma(std::uint32_t x, int a, int b, int c) noexcept {
    return std::rotr(x, a) ^ std::rotr(x, b) ^ std::rotr(x, c);
  }
  static std::uint32_t small_sigma(std::uint32_t x, int a, int b, int shift) noexcept {
    return std::rotr(x, a) ^ std::rotr(x, b) ^ x >> shift;
  }

  // The same of the square roots of the first 8 primes.
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

}  // namespace

std::string sha256(std::string_view message) {
  // A bit, zeros up to the end of a block, and at that end the length in bits.
  std::string padded(message);
  padded += '\x80';
  padded.resize((padded.size() + 8 + block_size - 1) / block_size * block_size);
  std::uint64_t bits = std::uint64_t{8} * message.size();
  for (std::size_t i = 1; bits > 0; ++i, bits >>= 8)
    padded[padded.size() - i] = static_cast<char>(bits & 0xff);
  Sha256 hash;
  for (std::size_t i = 0; i < padded.size(); i += block_size) hash.add_block(padded.data() + i);
  return hash.digest();
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::string block(key.size() > block_size ? sha256(key) : std::string(key));
  block.resize(block_size);
  const auto masked = [&](unsigned char mask) {
    std::string bytes = block;
    for (char& byte : bytes) byte = static_cast<char>(static_cast<unsigned char>(byte) ^ mask);
    return bytes;
  };
  return sha256(masked(0x5c) + sha256(masked(0x36).append(message)));
}

bool is_same_digest(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |=
        static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  return difference == 0;
}

}  // namespace tandem::inline v1::multiprocessing::detail
