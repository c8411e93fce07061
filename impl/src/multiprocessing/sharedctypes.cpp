#include "tandem/multiprocessing/sharedctypes.hpp"

#include <string>

#include "multiprocessing/common.hpp"
#include "tandem/pickle/exceptions.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/pickle/output.hpp"

namespace tandem::inline v1::multiprocessing::detail {

std::size_t array_bytes(std::ptrdiff_t count, std::size_t bytes_each) {
  if (count < 0) throw ValueError("Array length must be >= 0, not " + std::to_string(count));
  const auto size = static_cast<std::size_t>(count);
  if (size > std::numeric_limits<std::size_t>::max() / 2 / bytes_each) throw std::bad_alloc();
  return size * bytes_each;
}

void pickle_block(v1::pickle::Output& output, const SharedBlock& block, std::size_t count,
                  const char* type) {
  assert_spawning(output, type, false);
  output.write_value<std::uint64_t>(count);
  block.pickle(output);
}

SharedBlock unpickle_block(v1::pickle::Input& input, std::size_t& count, std::size_t bytes_each) {
  count = static_cast<std::size_t>(input.read_value<std::uint64_t>());
  auto block = SharedBlock::unpickle(input);
  if (count > block.size() / bytes_each)
    throw v1::pickle::UnpicklingError("there is no such piece of shared memory");
  return block;
}

}  // namespace tandem::inline v1::multiprocessing::detail
