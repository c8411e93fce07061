// tandem::threading::Thread, started and joined.
#include <tandem/threading.hpp>

#include "../harness/start_rows.hpp"

namespace bench {
namespace {

const bool entered = [] {
  enter_start_of("thread", "tandem", Kind::ours, [](const auto& body) {
    const tandem::threading::Thread thread(body);
    thread.start();
    thread.join();
  });
  return true;
}();

}  // namespace
}  // namespace bench
