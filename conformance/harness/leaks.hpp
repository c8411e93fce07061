// What a case must not leave behind: open descriptors, running threads, children, names of shared
// memory.
#pragma once

#include <string>
#include <vector>

namespace tandem::conformance {

/// What this process holds now. Empty where the system does not tell (no /proc).
struct Holdings {
  std::vector<std::string> descriptors;  ///< "7 -> pipe:[1234]"
  std::vector<std::string> threads;      ///< "4711 (name)"
  std::vector<std::string> children;     ///< "4712 (name)": running, or ended and not waited for
  std::vector<std::string> memory;       ///< "/psm_12345678": named, by it or what it has started
};

Holdings holdings_now();

/// Waits, within times::may_expire, for exiting threads to be gone; then says what is held now and
/// was not before: one line each, or nothing.
std::vector<std::string> leaked_since(const Holdings& before);

/// In a child of fork(): the stacks of the threads that it lost are not searched for what they held
/// on to, and the leak sanitizer would take that for leaks when the child ends.
void do_not_check_memory_at_exit() noexcept;

}  // namespace tandem::conformance
