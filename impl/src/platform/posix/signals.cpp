#include "platform/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace tandem::inline v1::platform {

namespace {

constexpr int most = 64;
std::atomic<std::uint64_t> noted{0};
std::atomic<int> wake_handle{-1};
std::atomic<int> noting{0};  // calls of note()
std::atomic<std::uint64_t> watched{0};  // those that were ever asked to be noted
static_assert(decltype(noted)::is_always_lock_free && decltype(wake_handle)::is_always_lock_free);

void note(int signal) {
  const int before = errno;
  ++noting;  // seq_cst, as wake_handle: see is_noting()
  noted.fetch_or(bit_of(signal));
  const int handle = wake_handle.load();
  const std::uint64_t one = 1;
  if (handle >= 0 && ::write(handle, &one, sizeof one) < 0) {
    // It is full, and so it wakes already.
  }
  --noting;
  errno = before;
}

int set_action(int signal, void (*handler)(int)) noexcept {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return ::sigaction(signal, &action, nullptr) == 0 ? 0 : errno;
}

bool has_action(int signal, void (*handler)(int)) noexcept {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
         action.sa_handler == handler;
}

}  // namespace

int interrupt_signal() noexcept { return SIGINT; }

bool is_signal(int signal) noexcept {
  // The C library's own are none.
  return signal > 0 && signal <= most && (signal < 32 || signal >= SIGRTMIN);
}

bool has_default_action(int signal) noexcept { return has_action(signal, SIG_DFL); }

int note_signal(int signal) noexcept {
  watched.fetch_or(bit_of(signal), std::memory_order_relaxed);  // relaxed: read after fork() only
  return set_action(signal, note);
}

bool is_noted(int signal) noexcept { return has_action(signal, note); }

int restore_default_action(int signal) noexcept { return set_action(signal, SIG_DFL); }

void note_none() noexcept {
  const std::uint64_t all = watched.exchange(0, std::memory_order_relaxed);  // relaxed: one thread
  for (int signal = 1; signal <= most; ++signal)
    if ((all & bit_of(signal)) != 0 && is_noted(signal)) restore_default_action(signal);
  take_signals(all);
}

std::uint64_t noted_signals() noexcept {
  return noted.load(std::memory_order_relaxed);  // relaxed: a hint, to be taken
}

std::uint64_t take_signals(std::uint64_t set) noexcept { return noted.fetch_and(~set) & set; }

int wake_on_signals(int handle) noexcept { return wake_handle.exchange(handle); }

bool is_noting() noexcept { return noting.load() > 0; }

}  // namespace tandem::inline v1::platform
