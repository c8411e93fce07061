// What a process that was started does, whichever way: run(), and all that belongs to its end.
#include <cstdlib>
#include <exception>

#include "multiprocessing/process_state.hpp"
#include "platform/fork.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/exit.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

int exit_code_of_current_exception(const multiprocessing::Process& process) {
  try {
    throw;
  } catch (const SystemExit& exit) {
    if (const auto text = exit.text()) log(*text);
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
  multiprocessing::Process plain = ProcessAccess::handle(state);
  multiprocessing::Process& process = object ? *object : plain;
  try {
    process.run();
    return EXIT_SUCCESS;
  } catch (...) {
    return exit_code_of_current_exception(process);
  }
}

void run_and_exit(const std::shared_ptr<ProcessState>& state,
                  const std::shared_ptr<multiprocessing::Process>& object) noexcept {
  const int code = run_here(state, object);
  v1::detail::run_exit_hooks();
  platform::flush_standard_streams();
  platform::exit_at_once(code);
}

}  // namespace tandem::inline v1::multiprocessing::detail
