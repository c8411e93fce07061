// The rows of what is started, has nothing to do, and is waited for. What starts a thread is
// given a body that shows whether it ran; processes show it by their exit status.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "checksum.hpp"
#include "clock.hpp"
#include "scenario.hpp"

namespace bench {

inline constexpr std::uint64_t kThreadStarts = 2'000, kProcessStarts = 100, kExecutions = 20;

inline std::uint64_t starts_by(const std::string& method) {
  return method == "fork" ? kProcessStarts : kExecutions;
}

inline void enter_start(const std::string& what, const std::string& impl, Kind kind,
                        std::uint64_t starts, const std::function<void()>& start) {
  Registry::instance().add({"start." + what, impl, kind, [=](const Plan& plan) {
                              return latency(plan, starts, [&](std::uint64_t) { start(); });
                            }});
}

// start(body): from the making of what runs the body to its end.
template <class Start>
void enter_start_of(const std::string& what, const std::string& impl, Kind kind, Start start) {
  enter_start(what, impl, kind, kThreadStarts, [start] {
    bool ran = false;
    start([&ran] { ran = true; });
    if (!ran) throw Broken("what was started did not run");
  });
}

// start() says how long it took: what it started need not end in that time.
inline void enter_first_result(const std::string& what, const std::string& impl, Kind kind,
                               std::uint64_t starts, const std::function<double()>& start) {
  Registry::instance().add({"start." + what, impl, kind, [=](const Plan& plan) {
                              return latency_of(plan, starts, [&](auto count, Histogram& latency) {
                                for (std::uint64_t n = 0; n < count; ++n)
                                  latency.record(static_cast<std::uint64_t>(1e9 * start()));
                              });
                            }});
}

}  // namespace bench
