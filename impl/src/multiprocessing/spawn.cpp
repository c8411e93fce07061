#include "multiprocessing/process_state.hpp"
#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::multiprocessing {
namespace detail {
std::shared_ptr<Running> start_by_spawn(const std::shared_ptr<ProcessState>&,
                                        const std::shared_ptr<multiprocessing::Process>&) {
  throw NotImplementedError("spawn");
}
std::shared_ptr<Running> start_by_server(const std::shared_ptr<ProcessState>&,
                                         const std::shared_ptr<multiprocessing::Process>&) {
  throw NotImplementedError("forkserver");
}
}  // namespace detail
void set_executable(std::string) {}
void freeze_support(int, char**) {}
}  // namespace tandem::inline v1::multiprocessing
