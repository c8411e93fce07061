// What the cases of futures share.
#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <regex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "conformance/harness/case.hpp"
#include "conformance/harness/logged.hpp"
#include "tandem/futures.hpp"
#include "tandem/threading.hpp"

namespace tandem::conformance {

using namespace std::chrono_literals;
using futures::AnyFuture;
using futures::Future;
using futures::ThreadPoolExecutor;

template <class E>
std::exception_ptr error(const std::string& text = "") {
  return std::make_exception_ptr(E(text));
}

inline Future<int> finished() {
  Future<int> f;
  f.set_result(42);
  return f;
}
inline Future<int> failed() {
  Future<int> f;
  f.set_exception(error<ValueError>("bad"));
  return f;
}
inline Future<int> running() {
  Future<int> f;
  f.set_running_or_notify_cancel();
  return f;
}
inline Future<int> cancelled() {
  Future<int> f;
  f.cancel();
  return f;
}
inline Future<int> notified() {
  Future<int> f = cancelled();
  f.set_running_or_notify_cancel();
  return f;
}

struct State {
  std::string name;
  Future<int> future;
};
inline std::vector<State> every_state() {
  return {{"pending", {}},          {"running", running()}, {"cancelled", cancelled()},
          {"notified", notified()}, {"failed", failed()},   {"finished", finished()}};
}

inline std::string raised_by(const std::exception_ptr& exception) {
  return raised([&] {
    if (exception) std::rethrow_exception(exception);
  });
}

// "OverflowError" of "OverflowError: text"
inline std::string kind(const std::string& raised) { return raised.substr(0, raised.find(':')); }

template <class Act>
std::jthread in_thread(Act act) {
  return std::jthread(std::move(act));
}

inline int mul(int x, int y) { return x * y; }

inline std::vector<int> numbers(int from, int to) {
  std::vector<int> all;
  for (int n = from; n < to; ++n) all.push_back(n);
  return all;
}

template <class Range>
auto collected(Range&& range) {
  std::vector<std::ranges::range_value_t<Range>> all;
  for (auto&& item : range) all.emplace_back(std::forward<decltype(item)>(item));
  return all;
}

// An iteration taken step by step, as Python's next() does it.
template <std::ranges::input_range Range>
class Steps {
 public:
  explicit Steps(Range range) : range_(std::move(range)) {}

  // "5", "ValueError: text" or "end"
  std::string next() {
    std::string text;
    const std::string end = raised([&] { text = advance() ? str(**at_) : "end"; });
    return end == "nothing" ? text : end;
  }

  std::ranges::range_value_t<Range> value() {
    if (!advance()) throw RuntimeError("the iteration has ended");
    return **at_;
  }

 private:
  bool advance() {
    if (!at_)
      at_.emplace(range_.begin());
    else if (*at_ != range_.end())
      ++*at_;
    return *at_ != range_.end();
  }

  Range range_;
  std::optional<std::ranges::iterator_t<Range>> at_;
};

}  // namespace tandem::conformance
