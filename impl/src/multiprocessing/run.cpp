// What a process that was started does, whichever way: run(), and all that belongs to its end.
#include <cstdlib>
#include <exception>

#include "multiprocessing/process_state.hpp"
#include "platform/fork.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/exit.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

int exit_code_of_current_exception(const multiprocessing::Process& process) {
  try {
    throw;
  } catch (const SystemExit& exit) {
    if (exit.has_text()) log(exit.what());
    return exit.code();
  } catch (...) {
    log("Process " + process.name() + ":\n" + exception_text(std::current_exception()));
    return EXIT_FAILURE;
  }
}

}  // namespace

int run_here(const std::shared_ptr<ProcessState>& state,
             const std::shared_ptr<multiprocessing::Process>& object) noexcept {
  platform::close_stdin();
  state->runs_once = true;
  multiprocessing::Process plain = ProcessAccess::handle(state);
  multiprocessing::Process& process = object ? *object : plain;
  try {
    process.run();
    return EXIT_SUCCESS;
  } catch (...) {
    return exit_code_of_current_exception(process);
  }
}

void begin_as_copy() noexcept {
  const bool registered = platform::exit_only_to([](int status) {
    v1::detail::run_exit_hooks();
    platform::flush_standard_streams();
    leave_shared_heap();
    platform::exit_at_once(status);
  });
  if (!registered) platform::exit_at_once(EXIT_FAILURE);
}

void end_copy(int exit_code) noexcept {
  v1::detail::run_exit_hooks(ExitStage::threads);
  std::exit(exit_code);
}

}  // namespace tandem::inline v1::multiprocessing::detail
