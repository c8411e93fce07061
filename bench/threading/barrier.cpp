// tandem::threading::Barrier.
#include <cstdint>
#include <tandem/threading.hpp>

#include "../harness/sync_rows.hpp"

namespace bench {
namespace {

struct Barrier : tandem::threading::Barrier {
  explicit Barrier(std::size_t parties)
      : tandem::threading::Barrier(static_cast<std::int64_t>(parties)) {}
};

const bool entered = [] {
  enter_barrier<Barrier>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
