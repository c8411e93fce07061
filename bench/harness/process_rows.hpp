// The rows that children run. A contender returns the child's exit status, or minus the number of
// the signal that has ended it; all but success has failed the row. Contenders:
//
//   class Spawner { int run(const Words& words); };
//   class Capture { int run(const Words& words, std::size_t pipes);  // stdout, stderr: so many
//                   std::string_view output(std::size_t pipe) const; };
//   class Shell   { int read(const std::string& command);
//                   std::string_view output() const; };
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "checksum.hpp"
#include "payload.hpp"
#include "resident.hpp"
#include "scenario.hpp"
#include "start_line.hpp"

namespace bench {

using Words = std::vector<std::string>;

inline const Words kTrue{"/bin/true"};  // its place: nobody looks for it along the PATH
inline constexpr std::uint64_t kChildren = 200;
inline constexpr std::uint64_t kChildrenOfLarge = 20;      // some take a tenth of a second for each
inline constexpr std::uint64_t kCaptured = 1526 * kBlock;  // 100 MB
inline constexpr std::size_t kSpawningThreads = 4;
inline constexpr std::size_t kLarge = std::size_t{2} << 30;

inline void expect_success(int status) {
  if (status != 0) throw Broken("the child ended with status " + std::to_string(status));
}

// Whether children have been executed and waited for: each costs page faults, that are counted when
// it is reaped. Who neither executes nor waits is quick.
class Reaped {
 public:
  void expect(std::uint64_t children) const {
    constexpr std::uint64_t least_faults = 25;  // of any program; of a mere copy fewer
    if (faults() - before_ < children * least_faults)
      throw Broken("not all children were executed and waited for");
  }

 private:
  static std::uint64_t faults() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<std::uint64_t>(usage.ru_minflt + usage.ru_majflt);
  }
  std::uint64_t before_ = faults();
};

template <class Spawner>
Measured one_by_one(const Plan& plan, std::uint64_t children) {
  Spawner spawner;
  const Reaped reaped;
  Measured measured =
      latency(plan, children, [&](std::uint64_t) { expect_success(spawner.run(kTrue)); });
  reaped.expect(measured.items);
  return measured;
}

template <class Spawner>
double at_once(std::size_t threads, std::uint64_t children) {
  const Reaped reaped;
  const double seconds = race(threads, [&](std::size_t) {
    Spawner spawner;
    for (std::uint64_t n = 0; n < children / threads; ++n) expect_success(spawner.run(kTrue));
  });
  reaped.expect(children);
  return seconds;
}

template <class Spawner>
void enter_spawner(const std::string& impl, Kind kind) {
  Registry& registry = Registry::instance();
  registry.add({"subprocess.run.small", impl, kind,
                [](const Plan& plan) { return one_by_one<Spawner>(plan, kChildren); }});
  registry.add({"subprocess.run.2gib", impl, kind, [](const Plan& plan) {
                  const Resident memory(kLarge);
                  return one_by_one<Spawner>(plan, kChildrenOfLarge);
                }});
  registry.add({"subprocess.run.4t", impl, kind, [](const Plan& plan) {
                  return rate(plan, kChildren, kSpawningThreads, [](std::uint64_t children) {
                    return at_once<Spawner>(kSpawningThreads, children);
                  });
                }});
}

#ifdef BENCH_WRITER

// What was captured is looked at and given back after the time is taken.
template <class Capture>
double capture_all(std::size_t pipes, std::uint64_t bytes) {
  const std::uint64_t blocks = bytes / kBlock;
  const Words words{BENCH_WRITER, std::to_string(pipes), std::to_string(blocks)};
  Capture child;
  const auto start = Clock::now();
  expect_success(child.run(words, pipes));
  const double seconds = seconds_between(start, Clock::now());
  for (std::size_t pipe = 0; pipe < pipes; ++pipe)
    check_payload(child.output(pipe), pipe, pipes, blocks);
  return seconds;
}

template <class Capture>
void enter_capture(const std::string& row, const std::string& impl, Kind kind, std::size_t pipes) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              return rate(plan, kCaptured, pipes * kBlock, [=](auto bytes) {
                                return capture_all<Capture>(pipes, bytes);
                              });
                            }});
}

template <class Capture>
void enter_capture(const std::string& impl, Kind kind) {
  enter_capture<Capture>("subprocess.communicate.1pipe", impl, kind, 1);
  enter_capture<Capture>("subprocess.communicate.2pipes", impl, kind, 2);
}

template <class Shell>
double read_all(std::uint64_t bytes) {
  const std::uint64_t blocks = bytes / kBlock;
  const std::string command = "'" BENCH_WRITER "' 1 " + std::to_string(blocks);
  Shell shell;
  const auto start = Clock::now();
  expect_success(shell.read(command));
  const double seconds = seconds_between(start, Clock::now());
  check_payload(shell.output(), 0, 1, blocks);
  return seconds;
}

template <class Shell>
void read_word(std::uint64_t number) {
  const std::string word = std::to_string(number);
  Shell shell;
  expect_success(shell.read("echo " + word));
  if (shell.output() != word + "\n") throw Broken("not what was echoed");
}

template <class Shell>
void enter_shell(const std::string& impl, Kind kind) {
  Registry::instance().add({"os.popen.word", impl, kind, [](const Plan& plan) {
                              return latency(plan, kChildren, read_word<Shell>);
                            }});
  Registry::instance().add({"os.popen.read", impl, kind, [](const Plan& plan) {
                              return rate(plan, kCaptured, kBlock, read_all<Shell>);
                            }});
}

#endif

}  // namespace bench
