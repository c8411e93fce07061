// Calls on one object, and whether a model explains them: linearizability and quiescence of
// anything small. (Queues have a search of their own, which is made for long histories.)
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trial.hpp"

namespace tandem::conformance {

// What a thread has called. It took effect at one moment of [invoked, returned].
struct Call {
  std::uint8_t thread = 0;
  Verb verb = 0;
  // Calls such as Condition.wait() do two things, one after the other: each is a Call. The first
  // one, to queue, is over when the thread sleeps, though the call has not returned.
  bool is_first_half = false;
  bool is_second_half = false;   // of the call before it in the list
  bool may_sleep_first = false;  // a first half that need not be over when the thread sleeps
  std::int64_t result = 0;
  std::uint64_t invoked = 0;
  std::uint64_t returned = never_returned;

  bool is_pending() const { return returned == never_returned; }
};

inline constexpr std::int64_t raised = -1;  // as a result: an exception

class Calls {
 public:
  explicit Calls(const std::vector<std::string>& verbs) : verbs_(verbs) {}

  // Calls function(), in a run, and records it. It returns the result.
  template <std::invocable F>
  void record(std::size_t thread, Verb verb, F function) {
    const std::size_t index = begin(thread, verb);
    end(index, function());
  }
  template <std::invocable F>
  void record_halves(std::size_t thread, Verb verb, F function, bool may_sleep_first = false) {
    const std::size_t index = begin_halves(thread, verb);
    calls_[index - 1].may_sleep_first = may_sleep_first;
    end(index, function());
  }

  // Something that nobody has called: it takes effect at some time from now on,
  void record_open(std::size_t lane, Verb verb) { calls_[begin(lane, verb)].is_first_half = true; }
  // or has at some time up to now.
  void record_by_now(std::size_t lane, Verb verb) {
    const std::size_t index = begin(lane, verb);
    calls_[index].invoked = 0;
    end(index, 0);
  }

  const std::vector<Call>& list() const { return calls_; }
  // The same, and first halves end when their thread falls asleep.
  std::vector<Call> list(const scheduled::Record& record) const;
  // Whether a thread has not ended although none of its calls is open.
  bool hides_a_stuck_thread(const scheduled::Record& record) const;
  std::vector<Bar> bars() const;

 private:
  std::size_t begin(std::size_t thread, Verb verb);
  std::size_t begin_halves(std::size_t thread, Verb verb);
  void end(std::size_t index, std::int64_t result);

  const std::vector<std::string>& verbs_;
  std::vector<Call> calls_;
};

// A model is a value: the state of the object.
template <class M>
concept SequentialModel = std::copyable<M> && requires(M model, const M& state, const Call& call) {
  // Whether the call can take effect now with this result; if so it has.
  { model.apply(call) } -> std::same_as<bool>;
  // Whether a call that has not returned could go on.
  { state.lets_go_on(call) } -> std::same_as<bool>;
  { state.key() } -> std::convertible_to<std::string>;  // equal states, equal keys
};

template <SequentialModel Model>
class Explanation {
 public:
  // at_rest   nobody can go on any more: who has not returned has to have a reason
  Explanation(const std::vector<Call>& calls, bool at_rest) : calls_(calls), at_rest_(at_rest) {}

  bool exists(const Model& initial) { return search(0, initial); }

 private:
  bool search(std::uint64_t placed, const Model& state) {
    if (!tried_.insert({placed, state.key()}).second) return false;
    if (is_complete(placed, state)) return true;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!may_come_next(placed, i)) continue;
      Model next = state;
      if (next.apply(calls_[i]) && search(placed | bit(i), next)) return true;
    }
    return false;
  }
  bool may_come_next(std::uint64_t placed, std::size_t i) const {
    const Call& call = calls_[i];
    if (placed & bit(i)) return false;
    if (call.is_pending() && !call.is_first_half) return false;
    if (call.is_second_half && !(placed & bit(i - 1))) return false;
    for (std::size_t j = 0; j < calls_.size(); ++j)
      if (!(placed & bit(j)) && calls_[j].returned < call.invoked) return false;
    return true;
  }
  bool is_complete(std::uint64_t placed, const Model& state) const {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (placed & bit(i)) continue;
      const Call& call = calls_[i];
      if (!call.is_pending()) return false;
      if (!at_rest_ || (call.is_second_half && !(placed & bit(i - 1)))) continue;
      Model copy = state;
      if (call.is_first_half ? copy.apply(call) : state.lets_go_on(call)) return false;
    }
    return true;
  }
  static std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }

  const std::vector<Call>& calls_;
  bool at_rest_;
  std::set<std::pair<std::uint64_t, std::string>> tried_;
};

// Empty, or what is wrong. At most 64 calls.
template <SequentialModel Model>
std::string why_unexplained(const std::vector<Call>& calls, const Model& initial) {
  if (Explanation<Model>(calls, true).exists(initial)) return "";
  if (Explanation<Model>(calls, false).exists(initial))
    return "a lost wake-up: somebody sleeps who could go on";
  return "no order of the calls explains the results";
}

// An object whose calls a model explains. A derived class performs them.
template <SequentialModel Model>
class Modelled : public Tested {
 public:
  Modelled(const Target& target, Model initial) : calls(target.verbs), initial_(initial) {}
  std::string verdict(const scheduled::Record& record) override {
    if (calls.hides_a_stuck_thread(record)) return "somebody hangs between two calls";
    return why_unexplained(calls.list(record), initial_);
  }
  std::vector<Bar> bars() const override { return calls.bars(); }

 protected:
  Calls calls;

 private:
  Model initial_;
};

}  // namespace tandem::conformance
