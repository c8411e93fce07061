// tandem::asyncio::gather.
#include <cstdint>
#include <tandem/asyncio.hpp>
#include <utility>
#include <vector>

#include "../harness/asyncio_rows.hpp"

namespace bench {
namespace {

namespace asyncio = tandem::asyncio;

asyncio::Coroutine<std::uint64_t> numbered(std::uint64_t n) { co_return n; }

asyncio::Coroutine<double> gather_all(std::uint64_t count) {
  const auto start = Clock::now();
  std::vector<asyncio::Coroutine<std::uint64_t>> all;
  all.reserve(count);
  for (std::uint64_t n = 0; n < count; ++n) all.push_back(numbered(n));
  const auto results = co_await asyncio::gather(std::move(all));
  const double seconds = seconds_between(start, Clock::now());
  for (std::uint64_t n = 0; n < count; ++n)
    if (results[n] != n) throw Broken("a result stands in another's place");
  co_return seconds;
}

struct Gathering {
  static double gather(std::uint64_t count) { return asyncio::run(gather_all(count)); }
};

const bool entered = [] {
  enter_asyncio<Gathering>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
