// Where the system is no Linux: it may have something alike, which nobody has written a probe for.
#include "probes.hpp"

namespace doctor {
namespace {

Answer of_linux() { return unknown("asked on Linux only"); }

}  // namespace

std::string linking() { return "unknown"; }

Answer vfork_sharing() { return of_linux(); }
Answer pidfd() { return of_linux(); }
Answer futex() { return of_linux(); }
Answer shared_futex() { return of_linux(); }
Answer epoll() { return of_linux(); }
Answer memfd() { return of_linux(); }
Answer own_executable() { return of_linux(); }
Answer thread_list() { return of_linux(); }
Answer adopted_orphans() { return of_linux(); }
Answer this_program_again() { return of_linux(); }

}  // namespace doctor
