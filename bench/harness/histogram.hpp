// Latencies in logarithmic buckets: each power of two is cut into 64, so that a value read back is
// at most 1/64 too large. Recording is a handful of instructions and never allocates.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  void record(std::uint64_t nanoseconds) {
    ++counts_[bucket_of(nanoseconds)];
    ++total_;
    max_ = std::max(max_, nanoseconds);
  }

  std::uint64_t count() const { return total_; }
  std::uint64_t max() const { return max_; }

  // The smallest value such that `fraction` of all that was recorded is no larger.
  double quantile(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > wanted) return middle_of(bucket);
    }
    return static_cast<double>(max_);
  }

 private:
  static constexpr std::size_t kBits = 6;
  static constexpr std::size_t kSteps = std::size_t{1} << kBits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < kSteps) return static_cast<std::size_t>(value);
    const auto shift = static_cast<std::size_t>(std::bit_width(value)) - kBits - 1;
    return (shift + 1) * kSteps + static_cast<std::size_t>(value >> shift) - kSteps;
  }

  static double middle_of(std::size_t bucket) {
    if (bucket < kSteps) return static_cast<double>(bucket);
    const std::size_t shift = bucket / kSteps - 1;
    const auto low = static_cast<double>((bucket % kSteps + kSteps) << shift);
    return low + static_cast<double>(std::uint64_t{1} << shift) / 2;
  }

  std::array<std::uint64_t, kSteps*(64 - kBits + 1)> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace bench
