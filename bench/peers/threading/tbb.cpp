// oneTBB: a mutex that parks, and one that only spins.
#include <oneapi/tbb/mutex.h>
#include <oneapi/tbb/spin_mutex.h>

#include "../../harness/sync_rows.hpp"

namespace bench {
namespace {

const bool entered = [] {
  enter_lock<tbb::mutex>("tbb", Kind::peer);
  enter_lock<tbb::spin_mutex>("tbb.spin", Kind::limit);
  return true;
}();

}  // namespace
}  // namespace bench
