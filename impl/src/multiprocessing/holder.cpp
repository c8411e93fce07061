#include "multiprocessing/holder.hpp"

#include "platform/identity.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

namespace {

constexpr int bits_of_process = 38;
constexpr std::uint64_t of_process = (std::uint64_t{1} << bits_of_process) - 1;

// All relaxed: each is one number, the same whoever finds it out.
seam::atomic<std::uint64_t> own_identity{0};
seam::atomic<std::uint64_t> threads{0};

const ForkReset forget_in_child{ForkStage::core, [] {
                                  own_identity.store(
                                      0, std::memory_order_relaxed);  // relaxed: as above
                                }};

constinit thread_local std::uint64_t this_thread_number = 0;
[[maybe_unused]] const bool number_of_each_thread = seam::thread_word(this_thread_number);

std::uint64_t process_part(std::uint64_t identity) noexcept {
  return (identity & 0x3f'ffff) | (identity >> 32 & 0xffff) << 22;
}

}  // namespace

std::uint64_t this_process() noexcept {
  std::uint64_t identity = own_identity.load(std::memory_order_relaxed);  // relaxed: as above
  if (identity == 0) {
    identity = platform::process_identity();
    own_identity.store(identity, std::memory_order_relaxed);  // relaxed: as above
  }
  return identity;
}

std::uint64_t this_holder() noexcept {
  if (this_thread_number == 0)
    this_thread_number = threads.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: as above
  return process_part(this_process()) | this_thread_number << bits_of_process;
}

bool is_of_this_process(std::uint64_t holder) noexcept {
  return (holder & of_process) == process_part(this_process());
}

}  // namespace tandem::inline v1::multiprocessing::detail
