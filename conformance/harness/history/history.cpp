#include "history.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace tandem::conformance {
namespace {

bool returns_value(Kind kind) { return kind == Kind::get || kind == Kind::qsize; }

std::string outcome_text(const Operation& operation) {
  switch (operation.outcome) {
    case Outcome::empty:
      return "Empty";
    case Outcome::nothing:
      return "nothing";
    case Outcome::full:
      return "Full";
    case Outcome::shut_down:
      return "ShutDown";
    case Outcome::pending:
      return "...";
    case Outcome::ok:
      break;
  }
  return returns_value(operation.kind) ? std::to_string(operation.value) : "";
}

struct Event {
  std::uint64_t when;
  bool is_return;
  std::size_t index;
  friend bool operator<(const Event& a, const Event& b) {
    return std::tie(a.when, a.is_return) < std::tie(b.when, b.is_return);
  }
};

std::vector<Event> events_of(const std::vector<Bar>& bars) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    events.push_back({bars[i].from, false, i});
    events.push_back({bars[i].to, true, i});
  }
  std::sort(events.begin(), events.end());
  return events;
}

}  // namespace

std::uint64_t steady_stamp() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

std::string to_string(const Operation& operation) {
  const std::string result = outcome_text(operation);
  std::string text;
  switch (operation.kind) {
    case Kind::put:
      text = "put(" + std::to_string(operation.value) + ")";
      break;
    case Kind::get:
      text = "get";
      break;
    case Kind::qsize:
      text = "qsize";
      break;
    case Kind::shutdown:
      text = operation.value ? "shutdown!" : "shutdown";
      break;
  }
  return result.empty() ? text : text + "=" + result;
}

std::vector<Bar> bars_of(const History& history) {
  std::vector<Bar> bars;
  for (const Operation& operation : history)
    bars.push_back({"T" + std::to_string(operation.thread), to_string(operation), operation.invoked,
                    operation.returned});
  return bars;
}

std::string chart(const std::vector<Bar>& bars) {
  // Columns keep the order of events; a bar is wide enough for its text.
  std::vector<std::size_t> from(bars.size()), to(bars.size());
  std::size_t column = 0;
  for (const Event& event : events_of(bars)) {
    ++column;
    if (!event.is_return) {
      from[event.index] = column;
      continue;
    }
    column = std::max(column, from[event.index] + bars[event.index].text.size() + 1);
    to[event.index] = column;
  }
  std::map<std::string, std::string> lanes;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    std::string& lane = lanes[bars[i].lane];
    lane.resize(std::max(lane.size(), to[i] + 1), ' ');
    lane[from[i]] = '|';
    lane.replace(from[i] + 1, bars[i].text.size(), bars[i].text);
    lane[to[i]] = bars[i].to == never_returned ? '>' : '|';
  }
  std::string lines;
  for (const auto& [name, lane] : lanes) lines += name + lane + "\n";
  return lines;
}

Overlap overlap(const History& history) {
  Overlap found;
  std::vector<std::size_t> open;
  for (const Event& event : events_of(bars_of(history))) {
    if (event.is_return) {
      std::erase(open, event.index);
      continue;
    }
    for (const std::size_t other : open)
      if (history[other].thread != history[event.index].thread) ++found.pairs;
    open.push_back(event.index);
    found.widest = std::max(found.widest, open.size());
  }
  return found;
}

Lane::Lane(std::uint32_t thread, std::size_t capacity, Stamp stamp)
    : thread_(thread), stamp_(stamp), entries_(capacity) {}

void Lane::begin(Kind kind, std::int64_t value, std::chrono::nanoseconds timeout) {
  const std::size_t index = ended_.load(relaxed);
  Entry& entry = entries_.at(index);
  entry = {{kind, Outcome::pending, thread_, value, 0, never_returned}, timeout};
  begun_.store(index, relaxed);
  entry.operation.invoked = stamp_();
  started_.store(index + 1, std::memory_order_release);
}

void Lane::end(Outcome outcome, std::int64_t value) {
  const std::uint64_t now = stamp_();
  const std::size_t index = begun_.load(relaxed);
  Entry& entry = entries_[index];
  entry.operation.outcome = outcome;
  if (returns_value(entry.operation.kind)) entry.operation.value = value;
  entry.operation.returned = now;
  ended_.store(index + 1, std::memory_order_release);
}

void Lane::append_to(History& history) const {
  const std::size_t ended = this->ended();
  const std::size_t started = started_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < ended; ++i) {
    history.push_back(entries_[i].operation);
    Operation& operation = history.back();
    if (operation.outcome != Outcome::empty && operation.outcome != Outcome::full) continue;
    const auto waited = static_cast<std::uint64_t>(entries_[i].timeout.count());
    operation.invoked = std::min(operation.invoked + waited, operation.returned);
  }
  if (started <= ended) return;
  const Operation& open = entries_[ended].operation;  // its outcome may be written just now
  history.push_back({open.kind, Outcome::pending, thread_, 0, open.invoked, never_returned});
  if (!returns_value(open.kind)) history.back().value = open.value;  // else it is written just now
}

void Lane::clear() {
  begun_.store(0, relaxed);
  started_.store(0, relaxed);
  ended_.store(0, std::memory_order_release);
}

Recorder::Recorder(std::size_t threads, std::size_t capacity_each, Lane::Stamp stamp) {
  for (std::size_t i = 0; i < threads; ++i)
    lanes_.push_back(std::make_unique<Lane>(static_cast<std::uint32_t>(i), capacity_each, stamp));
}

History Recorder::history() const {
  History history;
  for (const auto& lane : lanes_) lane->append_to(history);
  return history;
}

std::uint64_t Recorder::version() const {
  std::uint64_t sum = 0;
  for (const auto& lane : lanes_) sum += lane->version();
  return sum;
}

void Recorder::clear() {
  for (const auto& lane : lanes_) lane->clear();
}

}  // namespace tandem::conformance
