#include "tandem/asyncio/queue.hpp"

#include <algorithm>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::asyncio {

QueueEmpty::QueueEmpty() : std::runtime_error("") {}
QueueFull::QueueFull() : std::runtime_error("") {}
QueueShutDown::QueueShutDown() : std::runtime_error("") {}

namespace detail {

QueueState::QueueState(std::ptrdiff_t maxsize_) : maxsize(maxsize_) { finished.set(); }

void QueueState::task_done() {
  if (unfinished == 0) throw ValueError("task_done() called too many times");
  if (--unfinished == 0) finished.set();
}

void QueueState::shut_down(std::size_t dropped, bool immediate) {
  unfinished -= std::min(unfinished, dropped);
  if (immediate && unfinished == 0) finished.set();
  getters.pop_all();  // to find out that there is nothing more
  putters.pop_all();
}

std::string QueueState::text(const std::string& items) const {
  std::string text = "maxsize=" + std::to_string(maxsize);
  const auto add = [&](const char* before, std::size_t count, const char* after) {
    if (count > 0) text += before + std::to_string(count) + after;
  };
  if (!items.empty()) text += " _queue=" + items;
  add(" _getters[", getters.size(), "]");
  add(" _putters[", putters.size(), "]");
  add(" tasks=", unfinished, "");
  if (is_shut_down) text += " shutdown";
  return text;
}

void throw_queue_empty(bool is_shut_down) {
  if (is_shut_down) throw QueueShutDown();
  throw QueueEmpty();
}

void throw_queue_full(bool is_shut_down) {
  if (is_shut_down) throw QueueShutDown();
  throw QueueFull();
}

}  // namespace detail

}  // namespace tandem::inline v1::asyncio
