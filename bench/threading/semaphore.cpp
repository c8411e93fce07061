// tandem::threading::Semaphore.
#include <tandem/threading.hpp>

#include "../harness/sync_rows.hpp"

namespace bench {
namespace {

struct Semaphore : tandem::threading::Semaphore {
  Semaphore() : tandem::threading::Semaphore(0) {}
};

const bool entered = [] {
  enter_semaphore<Semaphore>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
