// What a target can do is tried, not concluded from its name.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace doctor {

/// "yes", "no: why", or "unknown: why" where it could not be tried.
using Answer = std::string;

Answer yes_if(bool seen, const std::string& otherwise);
Answer no(const std::string& why);
Answer unknown(const std::string& why);
/// no, with what errno says of the call.
Answer failed(const std::string& call);

struct Probe {
  const char* name;
  Answer (*ask)();
};

/// The answer of a child of its own, which has ten seconds for it: an emulator that hangs or dies
/// in a system call is what a probe is there for.
Answer asked_apart(const Probe& probe);

/// What a program that a probe executes anew is told, and ends with.
inline constexpr const char* again = "--again";
inline constexpr int again_code = 42;

/// The exit code of a child, or -1 when a signal ended it.
int end_of(pid_t child);
/// The exit code of a program, or -1.
int run(const char* program, std::vector<std::string> arguments);
/// A page that children share, or null.
void* shared_page();

Answer fork_works();
Answer threads_after_fork();
Answer shared_memory();
Answer named_shared_memory();
Answer robust_mutexes();
Answer descriptors_over_sockets();
Answer other_programs();

/// Of the BSDs (probes_kqueue.cpp).
Answer kqueue();

// Of Linux, unknown elsewhere (probes_linux.cpp, probes_elsewhere.cpp).

/// "dynamic", or "static": this program names no loader that would give it libraries.
std::string linking();

Answer vfork_sharing();
Answer pidfd();
Answer futex();
Answer shared_futex();
Answer epoll();
Answer memfd();
Answer own_executable();
Answer thread_list();
Answer adopted_orphans();
Answer this_program_again();

}  // namespace doctor
