// tandem::threading::RLock.
#include <tandem/threading.hpp>

#include "../harness/sync_rows.hpp"

namespace bench {
namespace {

const bool entered = [] {
  enter_rlock<tandem::threading::RLock>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
