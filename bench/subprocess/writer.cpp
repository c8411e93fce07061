// bench_writer PIPES BLOCKS: the child whose output is captured. Small, so that its start does not
// count, and never slower than who reads it.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "../harness/payload.hpp"

namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::uint64_t pipes = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t blocks = std::strtoull(argv[2], nullptr, 10);
  if (pipes != 1 && pipes != 2) return 2;
  bench::Payload payload;
  for (std::uint64_t number = 0; number < blocks; ++number)
    if (!write_all(number % pipes == 0 ? STDOUT_FILENO : STDERR_FILENO, payload.block(number)))
      return EXIT_FAILURE;
  return EXIT_SUCCESS;
}
