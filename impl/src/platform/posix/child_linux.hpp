// What a new process does until it is the program. See child_linux.cpp.
#pragma once
#include <cstddef>
#include <cstdint>

#include "platform/process.hpp"

namespace tandem::inline v1::platform {

// A SpawnPlan as plain words, and whom to tell. Written by the parent before there is a child.
struct ChildWork {
  const char* const* candidates;
  char* const* argv;
  char* const* envp;
  bool inherits_environment;  // envp is the parent's own, which prepare() may change

  int parent_ends[3];
  int stdio[3];

  bool close_others;
  bool use_close_range;
  const int* inherited;  // in order
  std::size_t inherited_count;
  const int* left_open;  // from 3 on, in order: those inherited, and report_pipe
  std::size_t left_open_count;

  const char* cwd;
  int umask;
  bool restore_signals;
  bool has_handlers;          // the parent's, which it must lose
  std::uint64_t signal_mask;  // as the kernel has it
  bool new_session;
  int process_group;
  const std::uint32_t* groups;  // nullptr: the parent's
  std::size_t group_count;
  bool set_group, set_user;
  std::uint32_t group, user;
  bool (*prepare)(void*);
  void* prepare_argument;

  // What went wrong. A child that shares the parent's memory writes it here, another one sends it.
  int report_pipe;  // none: it shares the memory
  bool failed;
  SpawnError error;
};

// As clone() calls them; none returns.

// Becomes the program, or says why not and ends. Of a ChildWork.
int run_child(void* work) noexcept;

// A process' whole life, for the probe: notes that it has been, in a bool that may be the parent's.
int run_probe(void* been) noexcept;

}  // namespace tandem::inline v1::platform
