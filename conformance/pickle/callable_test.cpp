// Functions and calls as values
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "conformance/pickle/support.hpp"

using namespace tandem::conformance;
using tandem::call;
using tandem::fn;

namespace {

using Text = std::string;
template <class T>
using List = std::vector<T>;

int add(int a, int b) { return a + b; }

struct Scale {
  int factor;
  int operator()(int value) const { return value * factor; }
  int scaled(int value) const { return value * factor; }
};

// The call is made as another process would make it.
template <class R, class... Call>
R call_there(const Call&... call) {
  pickle::Output sent, answered;
  pickle::encode_call(sent, call...);
  pickle::Input received(sent.bytes());
  pickle::invoke(received, answered);
  pickle::Input answer(answered.bytes());
  return pickle::decode_outcome<R>(answer);
}

using Function = int (*)(int, int);

}  // namespace

CASE("pickle.callable.function", "a function is sent by what it is, and is the same one") {
  Log{there_and_back<Function>(add)(1, 2), there_and_back<Function>(add) == &add,
      pickle::dumps<Function>(add).size() < 100};
  EXPECT_EQ(call_there<int>(add, 1, 2), 3);
  EXPECT_EQ(call_there<int>(fn<&add>, 1, 2), 3);
}

CASE("pickle.callable.object", "an object that can be called, by what it holds") {
  log(there_and_back(Scale{3})(4));
  EXPECT_EQ(call_there<int>(Scale{3}, 4), 12);
}

CASE("pickle.callable.method", "a method, with its object") {
  log(call_there<int>(fn<&Scale::scaled>, Scale{3}, 5));
}

CASE("pickle.callable.bound", "a call with its arguments") {
  log(call_there<int>(call(add, 1, 2)));
  auto inner = call(add, 3, 4);
  using Inner = decltype(inner);
  log(call_there<int>(call([](Inner bound) { return std::move(bound)(); }, inner)));
}

CASE("pickle.callable.inside", "functions in other values") {
  List<int> said;
  for (const Function function : there_and_back(List<Function>{add}))
    said.push_back(function(3, 4));
  log(said);
  EXPECT_EQ(call_there<int>([](Function f, int a, int b) { return f(a, b); },
                            static_cast<Function>(add), 5, 6),
            11);
}

CASE("pickle.callable.lambda", "a lambda by what it is, with copies of plain values") {
  EXPECT_EQ(call_there<int>([](int a, int b) { return a - b; }, 5, 3), 2);
  EXPECT_EQ(call_there<int>([](int a, int b) { return a * b; }, 5, 3), 15);
  int four = 4;
  double half = 0.5;
  EXPECT_EQ(call_there<double>([four, half](int x) { return four * x * half; }, 3), 6);
  EXPECT_EQ(call_there<Text>([](auto text) { return text + text; }, Text("ab")), "abab");
  static int calls = 0;
  call_there<void>([] { ++calls; });
  EXPECT_EQ(calls, 1);
}

CASE("pickle.callable.lambda.address", "but with no address") {
  int local = 0;
  static int global = 0;
  int* const on_stack = &local;
  int* const in_data = &global;
  const auto heap = std::make_unique<int>(1);
  int* const on_heap = heap.get();
  const auto is_a_small_number = [](const int* pointer) {
    const auto number = reinterpret_cast<std::uintptr_t>(pointer);
    return sizeof number > 4 && number < std::uint64_t{1} << 32;
  };
  EXPECT_FALSE(is_a_small_number(on_stack));
  for (int* const pointer : {on_stack, in_data, on_heap}) {
    if (is_a_small_number(pointer)) continue;
    EXPECT_EQ(error_of([&] {
                pickle::Output output;
                pickle::encode_call(output, [pointer] { return *pointer; });
              }),
              "PicklingError");
  }
  pickle::Output output;
  pickle::encode_call(output,
                      [n = 1L, x = 2.5, b = true] { return b ? x + static_cast<double>(n) : 0; });
}

namespace {

template <class F>
constexpr bool portable = pickle::PortableCallable<F>;
template <class F>
constexpr bool portable_lambda(const F&) {
  return pickle::PortableCallable<F>;
}

}  // namespace

CASE("pickle.callable.kinds", "and nothing else") {
  static_assert(portable<Function> && portable<decltype(fn<&add>)> && portable<Scale>);
  static_assert(!portable<std::function<int()>> && !portable<std::reference_wrapper<Scale>>);
  static_assert(!portable<int (Scale::*)(int) const>);
  int local = 0;
  const Text text = "owned";
  EXPECT_TRUE(portable_lambda([] {}));
  EXPECT_TRUE(portable_lambda([local] { return local; }));
  EXPECT_FALSE(portable_lambda([text] { return text.size(); }));
  EXPECT_FALSE(portable_lambda([owned = std::make_shared<int>(1)] { return *owned; }));
}

CASE("pickle.callable.foreign", "what is no function of this program is not called") {
  static int calls = 0;
  pickle::Output sent;
  pickle::encode_call(
      sent, +[](int by) { calls += by; }, 1);
  const auto bytes = sent.bytes();
  const Text whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto answer_to = [](const Text& received) {
    pickle::Input input(received);
    pickle::Output answered;
    pickle::invoke(input, answered);
    pickle::Input answer(answered.bytes());
    return error_of([&] { pickle::decode_outcome<void>(answer); });
  };
  EXPECT_EQ(answer_to(whole), "nothing");
  EXPECT_EQ(calls, 1);
  for (std::size_t at = 0; at < 32; ++at) {  // what kind of call, in which module of the program
    Text changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(answer_to(changed), "UnpicklingError") << at;
  }
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(answer_to(whole.substr(0, size)), "nothing") << size;
  EXPECT_EQ(calls, 1);
}

CASE("pickle.callable.portable-call", "a call to be passed about") {
  static int calls = 0;
  const pickle::PortableCall twice(call([](int by) { calls += by; }, 2));
  twice();
  twice();
  EXPECT_EQ(calls, 4);
  there_and_back(twice)();
  EXPECT_EQ(calls, 6);
  const pickle::PortableCall copy = twice;
  copy();
  EXPECT_EQ(calls, 8);
  EXPECT_TRUE(static_cast<bool>(twice));
  EXPECT_FALSE(static_cast<bool>(pickle::PortableCall()));
  EXPECT_FALSE(static_cast<bool>(there_and_back(pickle::PortableCall())));
}
