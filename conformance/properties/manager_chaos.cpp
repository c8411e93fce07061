// Clients of a manager are killed at random moments: those who live go on, and in the server
// nothing is left of the dead, neither locks nor objects, threads nor connections. 10,000 kills in a
// soak, and more with --hours.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <tandem/multiprocessing.hpp>
#include <thread>
#include <vector>

#include "chaos.hpp"
#include "property.hpp"

namespace tandem::conformance {
namespace {

namespace mp = multiprocessing;

constexpr Counts kills{"kills", 100, 100'000, 1'000};
constexpr std::size_t clients = 3;

class ManagerChaos : public Chaos {};

// What a server has in its hands.
struct Held {
  std::size_t objects, threads, descriptors;

  Held(const mp::managers::SyncManager& manager, int server)
      : objects(manager._number_of_objects()),
        threads(entries(("/proc/" + std::to_string(server) + "/task").c_str())),
        descriptors(entries(("/proc/" + std::to_string(server) + "/fd").c_str())) {}
  bool is_no_more_than(const Held& before) const {
    return objects <= before.objects && threads <= before.threads &&
           descriptors <= before.descriptors;
  }
};

TEST_F(ManagerChaos, AServerOutlivesItsClients) {
  Tally tally(kills);
  const mp::Context fork = mp::get_context("fork");
  const auto manager = fork.Manager();
  const int server = mp::active_children().at(0).pid().value();
  const auto lock = manager.RLock();
  const auto queue = manager.Queue<int>();
  const auto event = manager.Event();
  const mp::RawValue<std::int64_t> rounds;
  const std::atomic_ref<std::int64_t> count(rounds.value());
  const auto work = [&] {
    for (int number = 0;; ++number) {
      const auto own = manager.list<int>();
      const std::scoped_lock guard(lock);
      const std::scoped_lock again(lock);
      own.append(number);
      queue.put(own[0]);
      queue.get();  // there is one: everybody puts one before
      event.wait(std::chrono::nanoseconds(number % 2));
      std::atomic_ref(rounds.value()).fetch_add(1);
    }
  };
  const auto started = [&] {
    auto process = fork.Process(work);
    process.start();
    return process;
  };
  const auto end = [](const mp::Process& process) {
    process.kill();
    process.join();
    EXPECT_EQ(process.exitcode(), -SIGKILL);
    process.close();
  };

  const Held before(manager, server);
  std::vector<mp::Process> processes;
  for (std::size_t i = 0; i < clients; ++i) processes.push_back(started());
  for (; !tally.is_enough(); tally.add(1)) {
    pass_some_time();
    auto& victim = processes[one_of(clients)];
    end(victim);
    victim = started();
    const std::int64_t seen = count.load();
    while (count.load() == seen) std::this_thread::yield();
    progress();
  }
  for (const auto& process : processes) end(process);
  while (!Held(manager, server).is_no_more_than(before)) std::this_thread::yield();
  EXPECT_TRUE(lock.acquire({.blocking = false}));
  lock.release();
}

}  // namespace
}  // namespace tandem::conformance
