// What the cases of multiprocessing share: the twin of reference/multiprocessing/support.py.
//
// What a child has seen goes to a file, by note(); the case logs that file when the child has
// ended. A log() in a child is seen by nobody.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "conformance/harness/calls.hpp"
#include "conformance/harness/case.hpp"
#include "conformance/harness/folder.hpp"
#include "conformance/harness/leaks.hpp"
#include "conformance/harness/redirected.hpp"
#include "tandem/multiprocessing.hpp"
#include "tandem/threading.hpp"

namespace tandem::conformance {

namespace mp = tandem::multiprocessing;

// The first piece of shared memory that locks and the like stand in stays until the program ends.
inline const mp::RawValue<int> keeps_the_heap;

inline constexpr std::array start_methods{"fork", "spawn", "forkserver"};

// For a case that is about fork(): it is not run with another method when the others are.
//   why  for who reads it
inline mp::Context fork_only([[maybe_unused]] const char* why) { return mp::get_context("fork"); }

// Calls act(context) under each start method; the transcript says which.
template <class Act>
void each_method(Act&& act) {
  for (const char* const method : start_methods) {
    log(method);
    act(mp::get_context(method));
  }
}

// A case's own folder, in which processes meet.
class Folder : public OwnFolder {
 public:
  // Whoever passes it with enter() waits there for one open_gate().
  std::string gate(const std::string& name) const {
    checked(::mkfifo(path(name).c_str(), 0600));
    return path(name);
  }
};

// A line for the file, whole even where several processes write.
template <typename... Values>
void note(const std::string& path, const Values&... values) {
  std::string line;
  ((line += (line.empty() ? "" : " ") + str(values)), ...);
  line += '\n';
  const int file = checked(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  checked(static_cast<int>(::write(file, line.data(), line.size())));
  ::close(file);
}

// Logs the lines of the file, and empties it.
inline void log_notes(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) log(line);
  std::filesystem::remove(path);
}

// How many of the first lines are 0, 1, 2 and so on.
inline int count_in_order(const std::string& path) {
  std::ifstream file(path);
  int count = 0;
  for (int number; file >> number && number == count;) ++count;
  return count;
}

// Called by a child: waits until the case opens the gate.
inline void enter(const std::string& gate) {
  ::close(checked(::open(gate.c_str(), O_RDONLY | O_CLOEXEC)));
}

// Waits until a child has come to the gate, and lets it through.
inline void open_gate(const std::string& gate) {
  ::close(checked(::open(gate.c_str(), O_WRONLY | O_CLOEXEC)));
}

// One hands over, another one takes; the FIFO has to be kept open meanwhile, for both.
inline void give(const std::string& fifo) {
  const int end = checked(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  checked(static_cast<int>(::write(end, "x", 1)));
  ::close(end);
}
inline void take(const std::string& fifo) {
  const int end = checked(::open(fifo.c_str(), O_RDONLY | O_CLOEXEC));
  char token;
  checked(static_cast<int>(::read(end, &token, 1)));
  ::close(end);
}

// Called by a child: a descriptor that it holds until it closes it, or ends. See UntilDropped.
inline int hold(const std::string& path) {
  return checked(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
}

// Waits until every hold() of the gate is over; there has to be one.
class UntilDropped {
 public:
  explicit UntilDropped(const std::string& path)
      : reader_(checked(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC))) {}
  UntilDropped(const UntilDropped&) = delete;
  UntilDropped& operator=(const UntilDropped&) = delete;
  ~UntilDropped() { ::close(reader_); }

  void wait() const {
    pollfd until{reader_, POLLIN, 0};
    while (::poll(&until, 1, -1) < 0) {
    }
  }

 private:
  int reader_;
};

// Calls it in another thread, of that name, and returns what it returned or raised.
template <class Act>
std::string in_thread(Act act, std::string name = {}) {
  std::string said;
  threading::Thread thread({.target = [&] { said = outcome(act); }, .name = std::move(name)});
  thread.start();
  thread.join();
  return said;
}

// Whether another thread can take it; it gives it back.
template <class L>
bool free_for_others(const L& lock) {
  bool taken = false;
  std::thread([&] {
    taken = lock.try_lock();
    if (taken) lock.unlock();
  }).join();
  return taken;
}

// A child that has been started; the case joins it.
template <class F, class... A>
mp::Process started(const mp::Context& context, F target, A... args) {
  mp::Process process = context.Process(target, std::move(args)...);
  process.start();
  return process;
}

// A child that has ended.
template <class F, class... A>
mp::Process ended(const mp::Context& context, F target, A... args) {
  mp::Process process = started(context, target, std::move(args)...);
  process.join();
  return process;
}

// A child from its start to its end: what it exited with.
template <class F, class... A>
std::optional<int> run(const mp::Context& context, F target, A... args) {
  return ended(context, target, std::move(args)...).exitcode();
}

// Kills the child, and returns when it is gone.
inline void killed(const mp::Process& process) {
  process.kill();
  process.join();
}

// Joins them all; what they have exited with.
inline std::vector<std::optional<int>> joined(const std::vector<mp::Process>& children) {
  std::vector<std::optional<int>> codes;
  for (const mp::Process& child : children) {
    child.join();
    codes.push_back(child.exitcode());
  }
  return codes;
}

}  // namespace tandem::conformance
