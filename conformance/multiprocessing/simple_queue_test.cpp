// multiprocessing.SimpleQueue
#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using mp::SimpleQueue;
using Maybe = std::optional<int>;

namespace {

void double_all(const SimpleQueue<Maybe>& source, const SimpleQueue<int>& target) {
  while (const Maybe number = source.get()) target.put(*number * 2);
}

void put_numbers(const SimpleQueue<Maybe>& q, int first, int count) {
  for (int number = first; number < first + count; ++number) q.put(number);
}

void get_for_ever(const SimpleQueue<int>& q, const mp::Semaphore& ready) {
  ready.release();
  for (;;) q.get();
}

template <class T>
void through(const T& item) {
  const SimpleQueue<T> q;
  q.put(item);
  const bool empty = q.empty();
  log(empty, repr(q.get()));
}

// What cannot be pickled, once it has been told to.
struct Unwilling {
  bool unwilling = false;
  template <class Archive>
  void serialize(Archive& archive) {
    if (unwilling) throw tandem::ValueError("not me");
    archive(unwilling);
  }
};

}  // namespace

CASE("multiprocessing.simple-queue.order", "the first in is the first out") {
  const SimpleQueue<int> q;
  log(q.empty());
  for (int number = 0; number < 5; ++number) q.put(number);
  const bool empty = q.empty();
  std::vector<int> got;
  for (int number = 0; number < 5; ++number) got.push_back(q.get());
  Log{empty, got, q.empty()};
}

CASE("multiprocessing.simple-queue.get.waits", "waits for an item") {
  const SimpleQueue<int> q;
  Blocked blocked([&] { return q.get(); });
  Log{q.empty(), blocked.said()};
  q.put(5);
  blocked.join();
  Log{blocked.said(), q.empty()};
}

CASE("multiprocessing.simple-queue.values", "what was put") {
  using Element = std::variant<int, std::monostate, std::string>;
  const SimpleQueue<std::vector<Element>> q;
  q.put({11, std::monostate(), "lily"});
  const bool empty = q.empty();
  std::string items;
  for (const Element& element : q.get())
    items += (items.empty() ? "" : ", ") +
             std::visit([](const auto& held) { return repr(held); }, element);
  log(empty, "[" + items + "]");
  through(std::monostate());
  through(std::string());
  through(std::tuple(1.5, true));
}

CASE("multiprocessing.simple-queue.large", "larger than any buffer") {
  const SimpleQueue<std::string> q;
  Blocked blocked([&] { return q.get().size(); });
  q.put(std::string(8 * 1024 * 1024, 'x'));
  blocked.join();
  log(blocked.said());
}

CASE("multiprocessing.simple-queue.processes.crosses", "the same queue there") {
  each_method([](const mp::Context& context) {
    const SimpleQueue<Maybe> source(context);
    const SimpleQueue<int> target(context);
    const mp::Process child = started(context, double_all, source, target);
    for (const int number : {1, 2, 3}) source.put(number);
    std::vector<int> got;
    for (int i = 0; i < 3; ++i) got.push_back(target.get());
    Log{got, target.empty()};
    source.put({});
    child.join();
    log(child.exitcode());
  });
}

CASE("multiprocessing.simple-queue.processes.once", "none lost, none twice") {
  const mp::Context context = mp::get_context();
  const SimpleQueue<Maybe> source(context);
  const SimpleQueue<int> target(context);
  std::vector<mp::Process> children;
  for (int i = 0; i < 2; ++i) children.push_back(started(context, double_all, source, target));
  for (int first = 0; first < 3; ++first)
    children.push_back(started(context, put_numbers, source, first * 200, 200));
  std::vector<int> got, wanted;
  for (int number = 0; number < 600; ++number) {
    got.push_back(target.get());
    wanted.push_back(number * 2);
  }
  std::sort(got.begin(), got.end());
  log(got == wanted);
  for (int i = 0; i < 2; ++i) source.put({});
  joined(children);
  Log{source.empty(), target.empty()};
}

CASE("multiprocessing.simple-queue.close", "nothing more") {
  const SimpleQueue<int> q;
  q.close();
  q.close();
  Log{raised([&] { q.put(1); }), raised([&] { q.get(); }), raised([&] { q.empty(); })};
}

CASE("multiprocessing.simple-queue.not-picklable", "what cannot be pickled is not put") {
  const SimpleQueue<Unwilling> q;
  Log{raised([&] { q.put({true}); }), q.empty()};
  q.put({false});
  log(q.get().unwilling ? 0 : 1);
}

CASE("multiprocessing.simple-queue.killed.reader", "killed while it waits") {
  const mp::Context context = mp::get_context();
  const SimpleQueue<int> q(context);
  for (int i = 0; i < 3; ++i) {
    const mp::Semaphore ready(context, 0);
    const mp::Process reader = started(context, get_for_ever, q, ready);
    ready.acquire();
    let_others_run();
    killed(reader);
    q.put(i);
    EXPECT_EQ(q.get(), i);
  }
}

CASE("multiprocessing.simple-queue.killed.maker", "the others go on with what was put") {
  log(without_maker<SimpleQueue<int>>());
}
