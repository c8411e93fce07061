#include <signal.h>

#include <algorithm>
#include <array>

#include "platform/process.hpp"

namespace tandem::inline v1::platform {

namespace {

struct Named {
  int signal;
  const char* name;
};
// Of several names for one signal the one that Python shows.
const char* name_of(int signal) noexcept {
  static constexpr std::array names{
      Named{SIGHUP, "SIGHUP"},       Named{SIGINT, "SIGINT"},   Named{SIGQUIT, "SIGQUIT"},
      Named{SIGILL, "SIGILL"},       Named{SIGTRAP, "SIGTRAP"}, Named{SIGABRT, "SIGABRT"},
      Named{SIGBUS, "SIGBUS"},       Named{SIGFPE, "SIGFPE"},   Named{SIGKILL, "SIGKILL"},
      Named{SIGUSR1, "SIGUSR1"},     Named{SIGSEGV, "SIGSEGV"}, Named{SIGUSR2, "SIGUSR2"},
      Named{SIGPIPE, "SIGPIPE"},     Named{SIGALRM, "SIGALRM"}, Named{SIGTERM, "SIGTERM"},
#ifdef SIGSTKFLT
      Named{SIGSTKFLT, "SIGSTKFLT"},
#endif
      Named{SIGCHLD, "SIGCHLD"},     Named{SIGCONT, "SIGCONT"}, Named{SIGSTOP, "SIGSTOP"},
      Named{SIGTSTP, "SIGTSTP"},     Named{SIGTTIN, "SIGTTIN"}, Named{SIGTTOU, "SIGTTOU"},
      Named{SIGURG, "SIGURG"},       Named{SIGXCPU, "SIGXCPU"}, Named{SIGXFSZ, "SIGXFSZ"},
      Named{SIGVTALRM, "SIGVTALRM"}, Named{SIGPROF, "SIGPROF"}, Named{SIGWINCH, "SIGWINCH"},
      Named{SIGIO, "SIGIO"},         Named{SIGPWR, "SIGPWR"},   Named{SIGSYS, "SIGSYS"}};
  const auto* found = std::ranges::find(names, signal, &Named::signal);
  return found == names.end() ? nullptr : found->name;
}

}  // namespace

const char* signal_name(int signal) noexcept {
  if (signal == SIGRTMIN) return "SIGRTMIN";
  if (signal == SIGRTMAX) return "SIGRTMAX";
  return name_of(signal);
}

}  // namespace tandem::inline v1::platform
