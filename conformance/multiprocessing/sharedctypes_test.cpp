// multiprocessing.Value, Array, RawValue and RawArray
#include <cstdint>
#include <numeric>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "conformance/multiprocessing/support.hpp"

using namespace tandem::conformance;
using mp::Array;
using mp::RawArray;
using mp::RawValue;
using mp::Value;

namespace {

struct Point {
  int x;
  double y;
};

void assign(const Value<int>& number, const Value<double>& real,
            const RawValue<std::int64_t>& raw) {
  number.value(-number.value());
  real.value() *= 2;
  ++raw.value();
}

void double_it(const Value<Point>& point, const RawValue<Point>& raw) {
  {
    std::scoped_lock guard(point.get_lock());
    point.value().x *= 2;
    point.value().y *= 2;
  }
  ++raw.value().x;
}

void count(const Value<int>& value, int times) {
  for (int i = 0; i < times; ++i) {
    std::scoped_lock guard(value.get_lock());
    ++value.value();
  }
}

void negate(const Array<int>& array, const RawArray<double>& raw) {
  {
    std::scoped_lock guard(array.get_lock());
    for (int& item : array) item = -item;
  }
  for (double& item : raw) item += 0.5;
}

void mark(const Array<char>& array) {
  array[0] = 1;
  array[-1] = 2;
}

void use_later(const Array<int>& array, const mp::Semaphore& gate,
               const mp::SimpleQueue<std::vector<int>>& answer) {
  gate.acquire();
  answer.put(std::vector<int>(array.begin(), array.end()));
}

void make_and_lend(const mp::Semaphore& gate, const mp::SimpleQueue<std::vector<int>>& answer) {
  const mp::Context context = mp::get_context();
  started(context, use_later, context.Array<int>(std::vector{1, 2, 3}), gate, answer);
  ::_exit(0);  // without waiting for the child
}

}  // namespace

CASE("multiprocessing.value.initial", "what was given, else zero") {
  constexpr std::int64_t large = -(std::int64_t{1} << 40);
  Log{Value<int>(7).value(), Value<double>(3.5).value(), Value<std::int64_t>(large).value(),
      Value<int>().value(), Value<double>().value()};
  Log{RawValue<int>(7).value(), RawValue<double>(3.5).value(),
      RawValue<std::int64_t>(large).value(), RawValue<int>().value(), RawValue<double>().value()};
}

CASE("multiprocessing.value.assigned", "each has its own") {
  const auto ask = []<class V>(std::type_identity<V>) {
    std::vector<V> values;
    for (int number = 0; number < 5; ++number) values.emplace_back(number);
    values[2].value(42);
    values[4].value() += 10;
    std::vector<int> seen;
    for (const V& value : values) seen.push_back(value.value());
    log(seen);
  };
  ask(std::type_identity<Value<int>>());
  ask(std::type_identity<RawValue<int>>());
}

CASE("multiprocessing.value.processes.crosses", "assigned there, seen here") {
  each_method([](const mp::Context& context) {
    const Value<int> number(context, 7);
    const Value<double> real(context, 1.5);
    const RawValue<std::int64_t> raw(std::int64_t{1} << 40);
    Log{run(context, assign, number, real, raw), number.value(), real.value(), raw.value()};
  });
}

CASE("multiprocessing.value.structure", "fields are shared") {
  each_method([](const mp::Context& context) {
    const Value<Point> point(context, Point{3, 2.5});
    const RawValue<Point> raw;
    Log{run(context, double_it, point, raw), point.value().x, point.value().y, raw.value().x,
        raw.value().y};
  });
}

CASE("multiprocessing.value.lock.own", "one lock, in all processes") {
  const Value<int> value(5);
  {
    std::scoped_lock guard(value.get_lock());
    std::scoped_lock again(value.get_lock());
    log(free_for_others(value.get_lock()));
  }
  log(free_for_others(value.get_lock()));
  each_method([](const mp::Context& context) {
    const Value<int> counter(context, 0);
    std::vector<mp::Process> children;
    for (int i = 0; i < 3; ++i) children.push_back(started(context, count, counter, 2000));
    Log{joined(children), counter.value()};
  });
}

CASE("multiprocessing.value.lock.given", "a lock for several") {
  const auto ask = [](auto lock) {
    using L = decltype(lock);
    const Value<int, L> first(1, lock), second(2, lock);
    {
      std::scoped_lock guard(lock);
      Log{free_for_others(first.get_lock()), free_for_others(second.get_lock())};
    }
    std::scoped_lock guard(first.get_lock());
    Log{free_for_others(second.get_lock()), free_for_others(lock)};
  };
  ask(mp::Lock());
  ask(mp::RLock());
}

CASE("multiprocessing.value.object", "the raw value behind") {
  const Value<int> value(5);
  const RawValue<int>& raw = value.get_obj();
  raw.value(6);
  log(value.value());
  value.value(7);
  log(raw.value());
}

CASE("multiprocessing.value.copy", "a value of its own") {
  const RawValue<int> raw(5);
  const RawValue<int> copied(raw.value());
  raw.value(6);
  log(copied.value());
  copied.value(7);
  Log{raw.value(), copied.value()};
  const RawArray<int> array{1, 2, 3};
  const RawArray<int> other(std::ranges::subrange(array.begin(), array.end()));
  array[0] = 7;
  Log{array, other};
}

CASE("multiprocessing.value.sharing.inheritance", "no value goes over a connection") {
  const auto [reader, writer] = mp::Pipe(false);
  const auto kind = [](const std::string& said) { return said.substr(0, said.find(':')); };
  Log{kind(raised([&] { writer.send(Value<int>(5)); })), reader.poll()};
  Log{kind(raised([&] { writer.send(Array<int>(5)); })), reader.poll()};
}

CASE("multiprocessing.array.from-size", "so many zeros") {
  for (const int size : {1, 10, 100}) {
    const auto ask = [size]<class A>(std::type_identity<A>) {
      for (int i = 0; i < 3; ++i) {
        const A array(size);
        Log{array.size(), std::accumulate(array.begin(), array.end(), 0)};
        std::iota(array.begin(), array.end(), 1);
      }
    };
    ask(std::type_identity<Array<int>>());
    ask(std::type_identity<RawArray<int>>());
  }
}

CASE("multiprocessing.array.from-sequence", "its items") {
  const std::vector<int> numbers{680, 626, 934, 821, 150, 233, 548, 982, 714, 831};
  const auto ask = [&](auto array, auto reals, auto range) {
    Log{array.size(), array, reals, range};
  };
  ask(Array<int>(numbers), Array<double>{0.5, 1.5}, Array<int>(std::views::iota(0, 4)));
  ask(RawArray<int>(numbers), RawArray<double>{0.5, 1.5}, RawArray<int>(std::views::iota(0, 4)));
}

CASE("multiprocessing.array.items", "by index, one after another, sliced") {
  const auto ask = []<class A>(std::type_identity<A>) {
    const A array{1, 2, 3, 4, 5};
    array[1] = 20;
    array[4] = array[0] + 50;
    std::vector<int> part(array.begin() + 1, array.begin() + 4);
    part[0] = 99;
    Log{array, array[0], part};
    array[1] = 7;
    array[2] = 8;
    Log{array, std::accumulate(array.begin(), array.end(), 0)};
  };
  ask(std::type_identity<Array<int>>());
  ask(std::type_identity<RawArray<int>>());
}

CASE("multiprocessing.array.empty", "no item at all") {
  Log{Array<int>(0).size(), Array<int>(std::vector<int>()), RawArray<double>(0)};
}

CASE("multiprocessing.array.processes.crosses", "written there, seen here") {
  each_method([](const mp::Context& context) {
    const Array<int> array = context.Array<int>(std::views::iota(0, 5));
    const RawArray<double> raw(3);
    Log{run(context, negate, array, raw), array, raw};
  });
}

CASE("multiprocessing.array.lock.own", "its own lock, or one that was given") {
  const Array<int> array(10);
  {
    std::scoped_lock guard(array.get_lock());
    log(free_for_others(array.get_lock()));
  }
  const mp::Lock lock;
  const Array<int, mp::Lock> given(RawArray<int>(10), lock);
  {
    std::scoped_lock guard(lock);
    log(free_for_others(given.get_lock()));
  }
  log(free_for_others(given.get_lock()));
  const RawArray<int>& plain = array.get_obj();
  plain[3] = 5;
  Log{array[3], plain.size()};
}

CASE("multiprocessing.array.large", "as large as one likes") {
  const mp::Context context = mp::get_context();
  const Array<char> array = context.Array<char>(64 * 1024 * 1024);
  Log{run(context, mark, array), array.size(), int{array[0]}, int{array[-1]}, int{array[12345678]}};
}

CASE("multiprocessing.array.freed", "what is gone makes room") {
  const auto held = [] {
    std::size_t bytes = 0;
    std::ifstream maps("/proc/self/smaps_rollup");
    for (std::string line; std::getline(maps, line);)
      if (line.starts_with("Rss:")) bytes = std::stoul(line.substr(4)) << 10;
    return bytes;
  };
  constexpr int each = 1 << 20;
  const auto fill = [] {
    const RawArray<char> array(each);
    std::ranges::fill(array, 'x');
  };
  for (int i = 0; i < 4; ++i) fill();
  const std::size_t before = held();
  for (int i = 0; i < 100; ++i) fill();
  EXPECT_LT(held(), before + 20 * std::size_t{each});
}

CASE("multiprocessing.array.outlives-its-maker", "as long as anybody has it") {
  const mp::Context context = mp::get_context();
  const mp::Semaphore gate(context, 0);
  const mp::SimpleQueue<std::vector<int>> answer(context);
  log(run(context, make_and_lend, gate, answer));
  gate.release();
  log(answer.get());
}
