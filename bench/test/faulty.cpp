// Contenders that are wrong on purpose, and one whose speed is told by the environment: the tests
// of the harness need something that they know the truth about.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "../harness/queue_rows.hpp"

namespace bench {
namespace {

enum class Fault { none, doubles, swaps, drops };

// Every thousandth item is not what it should be.
template <Fault fault>
class Faulty {
 public:
  explicit Faulty(std::size_t) {}

  void put(std::int64_t item) {
    const std::lock_guard lock(mutex_);
    const bool now = ++count_ % 1000 == 0;
    if (fault == Fault::drops && now) return;
    if (fault == Fault::doubles && now) item = items_.empty() ? item - 1 : items_.back();
    items_.push_back(item);
    if (fault == Fault::swaps && now && items_.size() > 1) {
      std::swap(items_.back(), items_.front());
    }
    not_empty_.notify_one();
  }

  std::int64_t get() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return !items_.empty(); });
    const std::int64_t item = items_.front();
    items_.pop_front();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::deque<std::int64_t> items_;
  std::uint64_t count_ = 0;
};

constexpr auto kRow = "test.flow";

// Nobody may leave them out.
void allocate(std::uint64_t times) {
  for (std::uint64_t n = 0; n < times; ++n) {
    void* volatile made = std::malloc(16);
    std::free(made);
  }
}

double allocate_thrice(std::uint64_t items) {
  const auto start = Clock::now();
  allocate(3 * items);
  return seconds_between(start, Clock::now());
}

// A child for each item, that works for 20 ms and allocates five times.
double fork_and_work(std::uint64_t items) {
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < items; ++n) {
    const pid_t child = ::fork();
    if (child == 0) {
      allocate(5);
      while (Usage::now().cpu_seconds < 0.02) continue;
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }
  return seconds_between(start, Clock::now());
}

void enter_price(const std::string& impl, std::uint64_t items, double (*pass)(std::uint64_t)) {
  Registry::instance().add({"test.price", impl, Kind::peer,
                            [=](const Plan& plan) { return rate(plan, items, 1, pass); }});
}

template <Fault fault>
void enter_faulty(const std::string& impl) {
  enter_flow<std::int64_t, Faulty<fault>>(kRow, impl, Kind::peer, Flow{}, 0);
}

const bool entered = [] {
  enter_faulty<Fault::none>("right");
  enter_faulty<Fault::doubles>("doubling");
  enter_faulty<Fault::swaps>("swapping");
  enter_faulty<Fault::drops>("dropping");
  enter_open_loop<Faulty<Fault::none>>("test", "right", Kind::peer);
  enter_open_loop<Faulty<Fault::doubles>>("test", "doubling", Kind::peer);
  enter_shares<Faulty<Fault::none>>("test", "right", Kind::peer);
  enter_price("allocating", 100'000, allocate_thrice);
  enter_price("forking", 100, fork_and_work);
  Registry::instance().add(
      {kRow, "crashing", Kind::peer, [](const Plan&) -> Measured { std::abort(); }});
  return true;
}();

}  // namespace
}  // namespace bench
