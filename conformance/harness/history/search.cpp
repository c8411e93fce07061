#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "linearizability.hpp"
#include "state.hpp"

namespace tandem::conformance {
namespace {

struct FingerprintHash {
  std::size_t operator()(const Fingerprint& f) const { return static_cast<std::size_t>(f.low); }
};

// In a FIFO of distinct values put(b) cannot come before put(a) when get(a) returned before get(b)
// was invoked. Without this a wrong order of puts is noticed only at the gets, far too late.
class LookAhead {
 public:
  LookAhead(const History& history, const Model& model);
  bool allows(std::size_t operation) const {
    if (!active_ || !is_put_[operation] || first_ == by_return_.size()) return true;
    const std::size_t earliest = by_return_[first_];
    return earliest == operation || got_until_[earliest] >= got_from_[operation];
  }
  void placed(std::size_t operation) {
    placed_[operation] = true;
    while (first_ < by_return_.size() && placed_[by_return_[first_]]) ++first_;
  }
  void taken_back(std::size_t operation) {
    placed_[operation] = false;
    if (is_put_[operation]) first_ = std::min(first_, rank_[operation]);
  }

 private:
  bool active_ = false;
  std::vector<bool> is_put_, placed_;
  std::vector<std::uint64_t> got_from_, got_until_;  // of a put: when its value was got
  std::vector<std::size_t> by_return_, rank_;        // puts by got_until_
  std::size_t first_ = 0;                            // of by_return_, not placed yet
};

LookAhead::LookAhead(const History& history, const Model& model)
    : is_put_(history.size()),
      placed_(history.size()),
      got_from_(history.size()),
      got_until_(history.size(), never_returned),
      rank_(history.size()) {
  std::unordered_map<std::int64_t, std::size_t> puts;
  bool open_get = false, distinct = true, drains = false;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Operation& operation = history[i];
    const bool effective =
        operation.outcome == Outcome::ok || operation.outcome == Outcome::pending;
    is_put_[i] = operation.kind == Kind::put && effective;
    if (is_put_[i]) distinct = puts.emplace(operation.value, i).second && distinct;
    open_get |= operation.kind == Kind::get && operation.outcome == Outcome::pending;
    drains |= operation.kind == Kind::shutdown && operation.value;
  }
  active_ = model.order == Order::fifo && distinct && !drains;
  if (!active_) return;
  // A value that nobody has got is behind all others, unless an open get may have it.
  for (const auto& [value, put] : puts) got_from_[put] = open_get ? 0 : never_returned;
  for (const Operation& operation : history) {
    const auto put = puts.find(operation.value);
    if (operation.kind != Kind::get || operation.outcome != Outcome::ok || put == puts.end())
      continue;
    got_from_[put->second] = operation.invoked;
    got_until_[put->second] = operation.returned;
  }
  for (const auto& [value, put] : puts) by_return_.push_back(put);
  std::sort(by_return_.begin(), by_return_.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(got_until_[a], a) < std::tie(got_until_[b], b);
  });
  for (std::size_t i = 0; i < by_return_.size(); ++i) rank_[by_return_[i]] = i;
}

// The calls and returns of operations that have no place yet, in the order of time.
struct Node {
  std::size_t operation = 0;
  bool is_return = false;
  Node *before = nullptr, *after = nullptr, *partner = nullptr;
};

class Search {
 public:
  Search(const History& history, const Model& model, std::size_t budget, std::uint64_t salt);
  Finding run();

 private:
  bool place(Node& call);
  bool take_back();
  static void unlink(Node& node);
  static void relink(Node& node);

  const History& history_;
  std::size_t budget_;
  State state_;
  LookAhead look_ahead_;
  std::vector<Node> nodes_;
  Node head_;
  std::size_t returns_ = 0;  // operations that must still find a place
  Fingerprint placed_;
  std::vector<Fingerprint> names_;
  std::unordered_set<Fingerprint, FingerprintHash> tried_;
  std::vector<Node*> order_;
  Node* next_ = nullptr;
  std::vector<std::size_t> longest_;
};

Search::Search(const History& history, const Model& model, std::size_t budget, std::uint64_t salt)
    : history_(history), budget_(budget), state_(model, salt), look_ahead_(history, model) {
  nodes_.reserve(2 * history.size());  // nodes point at one another
  std::vector<std::tuple<std::uint64_t, bool, Node*>> events;
  for (std::size_t i = 0; i < history.size(); ++i) {
    names_.push_back(fingerprint(i, 0, ~salt));
    Node& call = nodes_.emplace_back(Node{i});
    events.emplace_back(history[i].invoked, false, &call);
    if (history[i].outcome == Outcome::pending) continue;
    Node& back = nodes_.emplace_back(Node{i, true});
    call.partner = &back;
    events.emplace_back(history[i].returned, true, &back);
    ++returns_;
  }
  std::sort(events.begin(), events.end());
  Node* last = &head_;
  for (auto& [when, is_return, node] : events) {
    last->after = node;
    node->before = last;
    last = node;
  }
}

void Search::unlink(Node& node) {
  node.before->after = node.after;
  if (node.after) node.after->before = node.before;
}

void Search::relink(Node& node) {
  node.before->after = &node;
  if (node.after) node.after->before = &node;
}

bool Search::place(Node& call) {
  const std::size_t operation = call.operation;
  if (!look_ahead_.allows(operation) || !state_.step(history_[operation])) return false;
  const Fingerprint placed = placed_ ^ names_[operation];
  if (!tried_.insert(placed ^ state_.mark()).second) {
    state_.undo();
    return false;
  }
  placed_ = placed;
  look_ahead_.placed(operation);
  unlink(call);
  if (call.partner) {
    unlink(*call.partner);
    --returns_;
  }
  order_.push_back(&call);
  if (order_.size() > longest_.size()) {
    longest_.clear();
    for (const Node* node : order_) longest_.push_back(node->operation);
  }
  next_ = head_.after;
  return true;
}

bool Search::take_back() {
  if (order_.empty()) return false;
  Node& call = *order_.back();
  order_.pop_back();
  if (call.partner) {
    relink(*call.partner);
    ++returns_;
  }
  relink(call);
  look_ahead_.taken_back(call.operation);
  placed_ = placed_ ^ names_[call.operation];
  state_.undo();
  next_ = call.after;
  return true;
}

Finding Search::run() {
  next_ = head_.after;
  for (std::size_t steps = 0; returns_ > 0; ++steps) {
    if (steps == budget_) return {Verdict::unknown, "gave up", longest_, steps};
    if (next_->is_return) {
      if (!take_back()) return {Verdict::violation, "no order explains it", longest_, steps};
    } else if (!place(*next_)) {
      next_ = next_->after;
    }
  }
  return {Verdict::linearizable, "", longest_, tried_.size()};
}

}  // namespace

Finding search(const History& history, const Model& model, std::size_t budget) {
  Finding first = Search(history, model, budget, 0x1234567).run();
  if (first.verdict != Verdict::violation) return first;
  // A collision of fingerprints can only hide an order: ask again with others.
  return Search(history, model, budget, 0x89abcdef).run();
}

}  // namespace tandem::conformance
