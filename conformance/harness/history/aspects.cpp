#include <algorithm>
#include <limits>
#include <unordered_map>

#include "linearizability.hpp"

namespace tandem::conformance {
namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

struct Value {
  std::size_t put = none, get = none;
};
using Values = std::unordered_map<std::int64_t, Value>;

class Aspects {
 public:
  explicit Aspects(const History& history) : history_(history) {}
  Finding run();

 private:
  bool collect();
  bool collect_put(std::size_t index);
  bool collect_get(std::size_t index);
  bool check_order();
  bool check_empty();
  bool blame(std::string reason, std::vector<std::size_t> who) {
    finding_ = {Verdict::violation, std::move(reason), std::move(who), history_.size()};
    return false;
  }
  bool unfit(std::string reason) {
    finding_ = {Verdict::unknown, std::move(reason), {}, 0};
    return false;
  }
  std::uint64_t got_from(const Value& value) const {
    return value.get == none ? never_returned : history_[value.get].invoked;
  }
  std::uint64_t got_until(const Value& value) const {
    return value.get == none ? never_returned : history_[value.get].returned;
  }

  const History& history_;
  Values values_;
  std::vector<std::size_t> empties_;
  Finding finding_;
};

bool Aspects::collect_put(std::size_t index) {
  const Outcome outcome = history_[index].outcome;
  if (outcome == Outcome::full || outcome == Outcome::nothing) return true;
  if (outcome != Outcome::ok) return unfit("only Full may keep a put from its end");
  Value& value = values_[history_[index].value];
  if (value.put != none) return unfit("two puts of the same value");
  value.put = index;
  return true;
}

bool Aspects::collect_get(std::size_t index) {
  if (const Outcome outcome = history_[index].outcome;
      outcome == Outcome::empty || outcome == Outcome::nothing) {
    empties_.push_back(index);
    return true;
  }
  if (history_[index].outcome != Outcome::ok)
    return unfit("only Empty may keep a get from its end");
  Value& value = values_[history_[index].value];
  if (value.get != none) return blame("a value was got twice", {value.get, index});
  value.get = index;
  return true;
}

bool Aspects::collect() {
  values_.reserve(history_.size());
  for (std::size_t i = 0; i < history_.size(); ++i) {
    const Kind kind = history_[i].kind;
    if (kind != Kind::put && kind != Kind::get) return unfit("puts and gets only");
    if (!(kind == Kind::put ? collect_put(i) : collect_get(i))) return false;
  }
  for (const auto& [number, value] : values_) {
    if (value.put == none) return blame("a value came from nowhere", {value.get});
    if (value.get != none && precedes(history_[value.get], history_[value.put]))
      return blame("a value was got before it was put", {value.put, value.get});
  }
  return true;
}

// Wrong: put(a) ended before put(b) began, and get(b) ended before get(a) began, or a was not got.
bool Aspects::check_order() {
  std::vector<Value> by_begin, by_end;
  for (const auto& [number, value] : values_) by_begin.push_back(value);
  by_end = by_begin;
  std::sort(by_begin.begin(), by_begin.end(), [&](const Value& a, const Value& b) {
    return history_[a.put].invoked < history_[b.put].invoked;
  });
  std::sort(by_end.begin(), by_end.end(), [&](const Value& a, const Value& b) {
    return history_[a.put].returned < history_[b.put].returned;
  });
  auto before = by_end.begin();
  const Value* latest = nullptr;  // the value that was got last, of those put before b
  for (const Value& b : by_begin) {
    for (; before != by_end.end() && precedes(history_[before->put], history_[b.put]); ++before)
      if (!latest || got_from(*latest) < got_from(*before)) latest = &*before;
    if (!latest || got_from(*latest) <= got_until(b)) continue;
    std::vector<std::size_t> who{latest->put, b.put, b.get};
    if (latest->get != none) who.push_back(latest->get);
    return blame("values were got in another order than put", who);
  }
  return true;
}

// Wrong: at every moment of the get, some value had been put for certain and not yet been got.
bool Aspects::check_empty() {
  using Span = std::pair<std::uint64_t, std::uint64_t>;  // both ends excluded
  std::vector<Span> spans, joined;
  for (const auto& [number, value] : values_)
    if (history_[value.put].returned < got_from(value))
      spans.emplace_back(history_[value.put].returned, got_from(value));
  std::sort(spans.begin(), spans.end());
  for (const Span& span : spans) {
    if (joined.empty() || span.first >= joined.back().second)
      joined.push_back(span);
    else
      joined.back().second = std::max(joined.back().second, span.second);
  }
  for (const std::size_t index : empties_) {
    const Operation& get = history_[index];
    auto after = std::lower_bound(joined.begin(), joined.end(), Span{get.invoked, 0});
    if (after == joined.begin()) continue;
    if (get.returned < std::prev(after)->second)
      return blame("Empty, although there was a value all the time", {index});
  }
  return true;
}

Finding Aspects::run() {
  if (collect() && check_order() && check_empty())
    return {Verdict::linearizable, "", {}, history_.size()};
  return finding_;
}

}  // namespace

Finding check_aspects(const History& history) { return Aspects(history).run(); }

}  // namespace tandem::conformance
