#include "state.hpp"

#include <algorithm>
#include <functional>

namespace tandem::conformance {
namespace {

std::uint64_t mixed(std::uint64_t x) {  // the finalizer of splitmix64
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

Fingerprint fingerprint(std::uint64_t a, std::uint64_t b, std::uint64_t salt) {
  const std::uint64_t seed = mixed(mixed(salt ^ a) + b);
  return {mixed(seed), mixed(seed ^ 0x5851f42d4c957f2dU)};
}

bool State::has_room() const {
  return model_.capacity <= 0 || size() < static_cast<std::size_t>(model_.capacity);
}

std::int64_t State::front() const {
  return model_.order == Order::fifo ? items_[head_] : items_.back();
}

bool State::possible(const Operation& operation) const {
  switch (operation.outcome) {
    case Outcome::shut_down:
      return closed_ && (operation.kind == Kind::put || size() == 0);
    case Outcome::empty:
      return !closed_ && size() == 0;
    case Outcome::nothing:
      return operation.kind == Kind::put ? closed_ || !has_room() : size() == 0;
    case Outcome::full:
      return !closed_ && !has_room();
    case Outcome::ok:
    case Outcome::pending:
      break;
  }
  switch (operation.kind) {
    case Kind::put:
      return !closed_ && has_room();
    case Kind::get:
      return size() > 0 && (operation.outcome == Outcome::pending || front() == operation.value);
    case Kind::qsize:
      return operation.outcome == Outcome::pending ||
             size() == static_cast<std::size_t>(operation.value);
    case Kind::shutdown:
      return true;
  }
  return false;
}

bool State::step(const Operation& operation) {
  if (!possible(operation)) return false;
  const bool changes = operation.outcome == Outcome::ok || operation.outcome == Outcome::pending;
  steps_.push_back({operation.kind, changes, operation.value, mark_, head_, closed_, {}});
  if (!changes) return true;
  switch (operation.kind) {
    case Kind::put:
      add(operation.value);
      break;
    case Kind::get:
      steps_.back().value = front();
      take();
      break;
    case Kind::qsize:
      break;
    case Kind::shutdown:
      if (!closed_) mark_ = mark_ ^ fingerprint(1, 2, salt_);
      closed_ = true;
      if (operation.value) drain(steps_.back());
      break;
  }
  return true;
}

void State::undo() {
  Step step = std::move(steps_.back());
  steps_.pop_back();
  if (step.changed && step.kind == Kind::put) remove(step.value);
  if (step.changed && step.kind == Kind::get && model_.order != Order::fifo)
    items_.push_back(step.value);
  if (!step.drained.empty()) items_ = std::move(step.drained);
  mark_ = step.mark;
  head_ = step.head;
  closed_ = step.closed;
}

// In a priority queue the place says nothing that the set of items does not.
void State::toggle(std::int64_t value, std::size_t place) {
  if (model_.order == Order::priority) place = 0;
  mark_ = mark_ ^ fingerprint(static_cast<std::uint64_t>(value), place + 3, salt_);
}

std::size_t State::place_of(std::int64_t value) const {
  const auto place = std::lower_bound(items_.begin(), items_.end(), value, std::greater<>());
  return static_cast<std::size_t>(place - items_.begin());
}

void State::add(std::int64_t value) {
  const bool sorted = model_.order == Order::priority;
  const std::size_t place = sorted ? place_of(value) : items_.size();
  toggle(value, place);
  items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(place), value);
}

void State::remove(std::int64_t value) {
  if (model_.order != Order::priority) return items_.pop_back();
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(place_of(value)));
}

void State::take() {
  if (model_.order == Order::fifo) {
    toggle(items_[head_], head_);
    ++head_;
    return;
  }
  toggle(items_.back(), items_.size() - 1);
  items_.pop_back();
}

void State::drain(Step& step) {
  if (model_.order == Order::fifo) {
    for (; head_ < items_.size(); ++head_) toggle(items_[head_], head_);
    return;
  }
  step.drained = items_;
  while (!items_.empty()) take();
}

}  // namespace tandem::conformance
