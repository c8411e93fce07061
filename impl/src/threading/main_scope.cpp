#include "tandem/threading/main_scope.hpp"

#include <cstdlib>
#include <exception>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/exit.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/platform/seam.hpp"
#include "threading/thread_state.hpp"

namespace tandem::inline v1 {

namespace {

seam::atomic<bool> there_is_one{false};
constinit thread_local bool is_here = false;  // in this thread
[[maybe_unused]] const bool scope_of_each_thread = seam::thread_word(is_here);
std::terminate_handler usual_end = nullptr;  // what terminate() does without ours

int exit_code_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const SystemExit& exit) {
    if (exit.has_text()) detail::log(exit.what());
    return exit.code();
  } catch (...) {
    detail::log(detail::exception_text(exception));
    return EXIT_FAILURE;
  }
}

// An exception that nobody catches has been caught by terminate() itself; so one that is being
// handled where the program calls terminate() looks the same.
[[noreturn]] void end_by_exception() {
  std::set_terminate(usual_end);  // for what goes wrong from here on
  const std::exception_ptr exception = std::current_exception();
  if (!is_here || !exception) std::terminate();
  std::exit(exit_code_of(exception));
}

}  // namespace

main_scope::main_scope() {
  detail::ThreadRegistry::get().register_exit_hook();  // there may be foreign threads only
  if (there_is_one.exchange(true)) throw RuntimeError("there is a main_scope already");
  is_here = true;
  usual_end = std::set_terminate(end_by_exception);
}

main_scope::~main_scope() {
  detail::run_exit_hooks();
  if (std::get_terminate() == end_by_exception) std::set_terminate(usual_end);
  is_here = false;
  there_is_one.store(false);
}

}  // namespace tandem::inline v1
