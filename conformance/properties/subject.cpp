#include "subject.hpp"

#include <algorithm>
#include <iterator>

namespace tandem::conformance {

std::ostream& operator<<(std::ostream& out, const Action& action) {
  constexpr const char* names[] = {"put",   "put_nowait", "put_timed", "try_put",
                                   "get",   "get_nowait", "get_timed", "try_get",
                                   "qsize", "shutdown",   "shutdown!"};
  out << names[static_cast<std::size_t>(action.act)];
  return action.pause ? out << " after " << action.pause : out;
}

const std::vector<Subjected>& queues() {
  static const std::vector<Subjected> all{
      {"Queue", {Order::fifo, 0}, true, make_subject<queue::Queue<Item>>},
      {"Queue_of_1", {Order::fifo, 1}, true, make_subject<queue::Queue<Item>>},
      {"Queue_of_2", {Order::fifo, 2}, true, make_subject<queue::Queue<Item>>},
      {"LifoQueue", {Order::lifo, 0}, true, make_subject<queue::LifoQueue<Item>>},
      {"LifoQueue_of_2", {Order::lifo, 2}, true, make_subject<queue::LifoQueue<Item>>},
      {"PriorityQueue", {Order::priority, 0}, true, make_subject<queue::PriorityQueue<Item>>},
      {"PriorityQueue_of_2", {Order::priority, 2}, true, make_subject<queue::PriorityQueue<Item>>},
      {"SimpleQueue", {Order::fifo, 0}, false, make_subject<queue::SimpleQueue<Item>>},
  };
  return all;
}

std::vector<Subjected> queues_where(bool (*wanted)(const Subjected&)) {
  std::vector<Subjected> chosen;
  std::copy_if(queues().begin(), queues().end(), std::back_inserter(chosen), wanted);
  return chosen;
}

std::string name_of(const testing::TestParamInfo<Subjected>& tested) { return tested.param.name; }

}  // namespace tandem::conformance
