// A queue under test, whatever its class, and how an operation on it is recorded.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <tandem/queue.hpp>
#include <type_traits>
#include <vector>

#include "history.hpp"
#include "linearizability.hpp"

namespace tandem::conformance {

enum class Act : std::uint8_t {
  put,
  put_nowait,
  put_timed,
  try_put,
  get,
  get_nowait,
  get_timed,
  try_get,
  qsize,
  shutdown,
  shutdown_now
};

// One step of a thread's program: a pause, then an operation.
struct Action {
  Act act = Act::put;
  int pause = 0;
};
std::ostream& operator<<(std::ostream& out, const Action& action);

class Subject {
 public:
  virtual ~Subject() = default;
  // Runs the operation and records it. Waits at most `timeout` in the timed ones.
  virtual void perform(Act act, std::int64_t value, Lane& lane) = 0;
};

inline constexpr std::chrono::microseconds brief_timeout{50};

template <class Q>
class QueueSubject : public Subject {
 public:
  template <class... A>
  explicit QueueSubject(A... arguments) : queue_(arguments...) {}
  void perform(Act act, std::int64_t value, Lane& lane) override;

 private:
  template <class F>
  void record(Lane& lane, F operation);

  Q queue_;
};

template <class Q>
template <class F>
void QueueSubject<Q>::record(Lane& lane, F operation) {
  try {
    operation();
  } catch (const queue::Empty&) {
    lane.end(Outcome::empty);
  } catch (const queue::Full&) {
    lane.end(Outcome::full);
  } catch (const queue::ShutDown&) {
    lane.end(Outcome::shut_down);
  }
}

template <class Q>
void QueueSubject<Q>::perform(Act act, std::int64_t value, Lane& lane) {
  const auto put = [&](queue::BlockOptions options, std::chrono::nanoseconds timeout = {}) {
    lane.begin(Kind::put, value, timeout);
    record(lane, [&] { queue_.put(value, options), lane.end(Outcome::ok); });
  };
  const auto get = [&](queue::BlockOptions options, std::chrono::nanoseconds timeout = {}) {
    lane.begin(Kind::get, 0, timeout);
    record(lane, [&] { lane.end(Outcome::ok, queue_.get(options)); });
  };
  const auto shut_down = [&]([[maybe_unused]] bool immediate) {
    if constexpr (requires { queue_.shutdown(immediate); }) {
      lane.begin(Kind::shutdown, immediate);
      queue_.shutdown(immediate);
      lane.end(Outcome::ok);
    }
  };
  switch (act) {
    case Act::put:
      return put({});
    case Act::put_nowait:
      return put({.block = false});
    case Act::put_timed:
      return put({.timeout = brief_timeout}, brief_timeout);
    case Act::get:
      return get({});
    case Act::get_nowait:
      return get({.block = false});
    case Act::get_timed:
      return get({.timeout = brief_timeout}, brief_timeout);
    case Act::shutdown:
      return shut_down(false);
    case Act::shutdown_now:
      return shut_down(true);
    case Act::try_put:
      lane.begin(Kind::put, value);
      return lane.end(queue_.try_put(value) ? Outcome::ok : Outcome::nothing);
    case Act::try_get: {
      lane.begin(Kind::get);
      const auto item = queue_.try_get();
      return item ? lane.end(Outcome::ok, *item) : lane.end(Outcome::nothing);
    }
    case Act::qsize:
      lane.begin(Kind::qsize);
      return lane.end(Outcome::ok, static_cast<std::int64_t>(queue_.qsize()));
  }
}

// A class of queue: how to make one, and what is expected of it.
struct Subjected {
  const char* name;
  Model model;
  bool can_shut_down;
  std::unique_ptr<Subject> (*make)(std::int64_t capacity);
};

inline void PrintTo(const Subjected& subjected, std::ostream* out) { *out << subjected.name; }

template <class Q>
std::unique_ptr<Subject> make_subject(std::int64_t capacity) {
  if constexpr (std::is_constructible_v<Q, std::ptrdiff_t>)
    return std::make_unique<QueueSubject<Q>>(static_cast<std::ptrdiff_t>(capacity));
  else
    return std::make_unique<QueueSubject<Q>>();
}

using Item = std::int64_t;

// Every class, bounded and not.
const std::vector<Subjected>& queues();
std::vector<Subjected> queues_where(bool (*wanted)(const Subjected&));
std::string name_of(const testing::TestParamInfo<Subjected>& tested);

}  // namespace tandem::conformance
