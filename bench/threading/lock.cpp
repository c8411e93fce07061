// tandem::threading::Lock.
#include <tandem/threading.hpp>

#include "../harness/sync_rows.hpp"

namespace bench {
namespace {

const bool entered = [] {
  enter_lock<tandem::threading::Lock>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
