#include "calls.hpp"

#include <algorithm>

namespace tandem::conformance {
namespace {

std::uint64_t now() { return static_cast<std::uint64_t>(scheduled::stamp()); }

std::string text_of(const Call& call, const std::string& verb) {
  if (call.is_pending()) return verb + "...";
  return call.result == raised ? verb + "!" : verb + "=" + std::to_string(call.result);
}

}  // namespace

std::size_t Calls::begin(std::size_t thread, Verb verb) {
  calls_.push_back({.thread = static_cast<std::uint8_t>(thread), .verb = verb, .invoked = now()});
  return calls_.size() - 1;
}

std::size_t Calls::begin_halves(std::size_t thread, Verb verb) {
  calls_[begin(thread, verb)].is_first_half = true;
  Call second = calls_.back();
  second.is_first_half = false;
  second.is_second_half = true;
  calls_.push_back(second);
  return calls_.size() - 1;
}

void Calls::end(std::size_t index, std::int64_t result) {
  Call& call = calls_[index];
  call.result = result;
  call.returned = now();
  if (!call.is_second_half) return;
  calls_[index - 1].result = result;
  calls_[index - 1].returned = call.returned;
}

std::vector<Call> Calls::list(const scheduled::Record& record) const {
  std::vector<Call> calls = calls_;
  for (Call& call : calls) {
    if (!call.is_first_half || call.may_sleep_first) continue;
    for (const scheduled::Sleep& sleep : record.sleeps) {
      const auto when = static_cast<std::uint64_t>(sleep.when);
      if (sleep.thread == call.thread && when > call.invoked)
        call.returned = std::min(call.returned, when);
    }
  }
  return calls;
}

bool Calls::hides_a_stuck_thread(const scheduled::Record& record) const {
  return !std::all_of(record.stuck.begin(), record.stuck.end(), [this](std::uint8_t thread) {
    return std::any_of(calls_.begin(), calls_.end(), [thread](const Call& call) {
      return call.thread == thread && call.is_pending();
    });
  });
}

std::vector<Bar> Calls::bars() const {
  std::vector<Bar> bars;
  for (const Call& call : calls_)
    if (!call.is_first_half && call.verb < verbs_.size())  // somebody has called it
      bars.push_back({"T" + std::to_string(call.thread), text_of(call, verbs_[call.verb]),
                      call.invoked, call.returned});
  return bars;
}

}  // namespace tandem::conformance
