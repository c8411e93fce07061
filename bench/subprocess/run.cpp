// tandem::subprocess.run.
#include <tandem/subprocess.hpp>

#include "../harness/process_rows.hpp"

namespace bench {
namespace {

struct Spawner {
  int run(const Words& words) { return tandem::subprocess::run(words).returncode; }
};

const bool entered = [] {
  enter_spawner<Spawner>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
