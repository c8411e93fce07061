#include <chrono>
#include <cstdint>
#include <tandem/queue.hpp>
#include <tuple>

#include "programs.hpp"

namespace tandem::conformance {
namespace {

constexpr std::chrono::microseconds would_block{100};

// Of a priority queue: [priority, label], compared whole or by the priority only.
struct Item {
  std::int64_t priority = 0, label = 0;
  bool whole = true;
  friend bool operator<(const Item& a, const Item& b) {
    if (!a.whole) return a.priority < b.priority;
    return std::tie(a.priority, a.label) < std::tie(b.priority, b.label);
  }
};

std::int64_t read(const Json& item, std::int64_t*, bool) { return item.get<std::int64_t>(); }
Item read(const Json& item, Item*, bool whole) {
  return {item.at(0).get<std::int64_t>(), item.at(1).get<std::int64_t>(), whole};
}
Json written(std::int64_t item) { return item; }
Json written(const Item& item) { return {item.priority, item.label}; }

queue::BlockOptions read_options(const Json& options) {
  queue::BlockOptions read;
  read.block = options.value("block", true);
  if (options.contains("timeout") && !options["timeout"].is_null())
    read.timeout = std::chrono::duration<double>(options["timeout"].get<double>());
  return read;
}

template <class T>
T item_of(const Step& step, bool whole) {
  return read(step.arguments.at(0), static_cast<T*>(nullptr), whole);
}

template <class Q>
concept Bounded = requires(Q& queue) {
  queue.maxsize();
};

template <class Q>
bool would_wait_for_room(const Q& queue) {
  if constexpr (Bounded<Q>) return queue.full();
  return false;
}

// What every class has.
template <class T, class Q>
bool run_common(Q& queue, const Step& step, bool whole, Json& value) {
  if (step.name == "put" && step.options.empty() && would_wait_for_room(queue))
    queue.put(item_of<T>(step, whole), {.timeout = would_block});
  else if (step.name == "put")
    queue.put(item_of<T>(step, whole), read_options(step.options));
  else if (step.name == "get" && step.options.empty() && queue.empty())
    value = written(queue.get({.timeout = would_block}));
  else if (step.name == "get")
    value = written(queue.get(read_options(step.options)));
  else if (step.name == "put_nowait")
    queue.put_nowait(item_of<T>(step, whole));
  else if (step.name == "get_nowait")
    value = written(queue.get_nowait());
  else if (step.name == "qsize")
    value = queue.qsize();
  else if (step.name == "empty")
    value = queue.empty();
  else
    return false;
  return true;
}

template <Bounded Q>
bool run_bounded(Q& queue, const Step& step, Json& value) {
  if (step.name == "full")
    value = queue.full();
  else if (step.name == "task_done")
    queue.task_done();
  else if (step.name == "join" && queue.unfinished_tasks() > 0)
    value = {{"blocked", true}};
  else if (step.name == "join")
    queue.join();
  else if (step.name == "maxsize")
    queue.maxsize(step.argument<std::ptrdiff_t>(0));
  else if (step.name == "shutdown")
    queue.shutdown(!step.arguments.empty() && step.argument<bool>(0));
  else
    return false;
  return true;
}

template <class T, class Q>
Json run_on(Q& queue, const Json& program) {
  const bool whole = program.value("order", "whole") == "whole";
  return observed_each(program, [&](const Step& step) {
    Json value;
    bool known = run_common<T>(queue, step, whole, value);
    if constexpr (Bounded<Q>) known = known || run_bounded(queue, step, value);
    if (!known) throw BadProgram("unknown operation '" + step.name + "'");
    return value;
  });
}

template <class T, class Q>
Json run_on_new(const Json& program) {
  Q queue(program.value("maxsize", std::ptrdiff_t{0}));
  return run_on<T>(static_cast<queue::Queue<T>&>(queue), program);
}

}  // namespace

Json run_queue(const Json& program) {
  const auto name = program.at("class").get<std::string>();
  if (name == "queue") return run_on_new<std::int64_t, queue::Queue<std::int64_t>>(program);
  if (name == "lifo") return run_on_new<std::int64_t, queue::LifoQueue<std::int64_t>>(program);
  if (name == "priority") return run_on_new<Item, queue::PriorityQueue<Item>>(program);
  if (name != "simple") throw BadProgram("unknown class '" + name + "'");
  queue::SimpleQueue<std::int64_t> simple;
  return run_on<std::int64_t>(simple, program);
}

}  // namespace tandem::conformance
