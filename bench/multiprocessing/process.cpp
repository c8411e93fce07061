// tandem::multiprocessing::Process, started and joined, by each start method.
#include <string>
#include <tandem/multiprocessing.hpp>

#include "../harness/start_rows.hpp"

namespace bench {
namespace {

namespace mp = tandem::multiprocessing;

void nothing() {}

const bool entered = [] {
  for (const std::string method : {"fork", "spawn", "forkserver"})
    enter_start("process." + method, "tandem", Kind::ours, starts_by(method), [method] {
      const mp::Process process = mp::get_context(method).Process(nothing);
      process.start();
      process.join();
      if (process.exitcode() != 0) throw Broken("the process failed");
    });
  return true;
}();

}  // namespace
}  // namespace bench
