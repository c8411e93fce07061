#include "tandem/pickle/callable.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tandem/core/callable.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/pickle/modules.hpp"

namespace tandem::pickle {
namespace {

int twice(int x) { return 2 * x; }
[[noreturn]] void fail(const std::string& text) { throw std::domain_error(text); }
struct Scale {
  int by;
  int operator()(int x) const { return by * x; }
};
struct Counter {
  int n;
  int add(int more) const { return n + more; }
};

// There and back within one process.
template <class R, class... A>
R call_there(const A&... call) {
  Output sent, answered;
  encode_call(sent, call...);
  Input received(sent.bytes());
  invoke(received, answered);
  EXPECT_EQ(received.left(), 0U);
  Input answer(answered.bytes());
  return decode_outcome<R>(answer);
}

// What lies between the captures is the upper half of an address, and together they are one.
TEST(Call, TakesNoPaddingForAnAddress) {
  if constexpr (sizeof(void*) > 4 && std::endian::native == std::endian::little) {
    constexpr std::uint64_t window = std::uint64_t{1} << 32;
    void* const two = ::mmap(nullptr, static_cast<std::size_t>(2 * window), PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(two, MAP_FAILED);  // the beginning of a window is among it
    int four = 4;
    double half = 0.5;
    auto times = [four, half](int x) { return four * x * half; };
    const auto upper =
        static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(two) / window + 1);
    std::memcpy(reinterpret_cast<std::byte*>(&times) + sizeof four, &upper, sizeof upper);
    EXPECT_EQ(call_there<double>(times, 3), 6);
    ::munmap(two, static_cast<std::size_t>(2 * window));
  }
}

TEST(Call, IsMadeThere) {
  EXPECT_EQ(call_there<int>(twice, 21), 42);
  EXPECT_EQ(call_there<int>(fn<&twice>, 21), 42);
  EXPECT_EQ(call_there<int>(fn<&Counter::add>, Counter{1}, 2), 3);
  EXPECT_EQ(call_there<int>([](int a, int b) { return a - b; }, 5, 3), 2);
  int captured = 4;
  EXPECT_EQ(call_there<int>([captured](int x) { return captured * x; }, 3), 12);
  EXPECT_EQ(call_there<double>([captured](auto x) { return captured * x; }, 0.5), 2.0);
  EXPECT_EQ(call_there<int>(Scale{3}, 5), 15);
  EXPECT_EQ(call_there<std::size_t>([](const std::string& s) { return s.size(); }, "four"), 4U);
  EXPECT_EQ(call_there<int>(call(twice, 4)), 8);
  EXPECT_EQ(call_there<std::string>([](std::string s) { return s + s; }, std::string("ab")),
            "abab");
  call_there<void>([] {});
  EXPECT_EQ(call_there<int>([](int (*f)(int), int x) { return f(x); }, &twice, 5), 10);
}

TEST(Call, ThrowsWhatWasThrown) { EXPECT_THROW(call_there<void>(fail, "no"), std::domain_error); }

struct Unsendable {
  int x = 0;
  std::tuple<int> reduce() const { throw std::length_error("not this one"); }
  explicit Unsendable(int value) : x(value) {}
};

TEST(Call, SaysWhenTheResultCannotBeSent) {
  Output sent, answered;
  encode_call(sent, [] { return std::vector{Unsendable(1)}; });
  Input received(sent.bytes());
  EXPECT_EQ(invoke(received, answered), Outcome::UNSENDABLE);
  Input answer(answered.bytes());
  Outcome what{};
  const auto exception = decode_outcome(answer, what);
  EXPECT_EQ(what, Outcome::UNSENDABLE);
  EXPECT_THROW(std::rethrow_exception(exception), std::length_error);
}

TEST(Call, RefusesCapturedPointers) {
  int local = 0;
  int* const pointer = &local;
  Output output;
  EXPECT_THROW(encode_call(output, [pointer] { return *pointer; }), PicklingError);
  const char letters[] = "text";
  EXPECT_THROW(encode_call(output, [text = &letters[0]] { return text[0]; }), PicklingError);
  encode_call(output, [n = 1L, x = 2.5] { return x + static_cast<double>(n); });
}

TEST(Call, RefusesWhatIsNone) {
  Output sent;
  encode_call(sent, twice, 21);
  const auto bytes = sent.bytes();
  const std::string whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // The action, and the module of the function. Where in it the function is, is taken on trust.
  for (std::size_t at = 0; at < 32; ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    Input input(changed);
    Output answered;
    EXPECT_EQ(invoke(input, answered), Outcome::EXCEPTION);
    Input answer(answered.bytes());
    EXPECT_THROW(decode_outcome<int>(answer), UnpicklingError) << at;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Input input(std::string_view(whole).substr(0, size));
    Output answered;
    EXPECT_EQ(invoke(input, answered), Outcome::EXCEPTION);
  }
}

TEST(PortableCall, CanBeCalledAndSent) {
  EXPECT_FALSE(PortableCall());
  static int calls = 0;
  PortableCall call(tandem::call([](int by) { calls += by; }, 2));
  call();
  const PortableCall copy = call;
  copy();
  EXPECT_EQ(calls, 4);
  loads<PortableCall>(dumps(call))();
  EXPECT_EQ(calls, 6);
  Output sent, answered;
  call.encode(sent);
  Input received(sent.bytes());
  EXPECT_EQ(invoke(received, answered), Outcome::VALUE);
  EXPECT_EQ(calls, 8);
  EXPECT_FALSE(loads<PortableCall>(dumps(PortableCall())));
}

TEST(PortableCall, HasArgumentsThatCannotBeCopied) {
  static int sum = 0;
  const PortableCall call(
      tandem::call([](std::unique_ptr<int> x) { sum += *x; }, std::make_unique<int>(3)));
  call();
  call();
  EXPECT_EQ(sum, 6);
}

TEST(Call, IsAnArgument) {
  const auto inner = tandem::call(twice, 3);
  using Inner = std::decay_t<decltype(inner)>;
  EXPECT_EQ(call_there<int>([](Inner call) { return std::move(call)(); }, inner), 6);
}

TEST(Call, IsMadeByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([i] {
      for (int j = 0; j < 200; ++j) EXPECT_EQ(call_there<int>(fn<&twice>, i + j), 2 * (i + j));
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Call, IsOfSomething) {
  Output output;
  EXPECT_THROW(encode_call(output, static_cast<int (*)(int)>(nullptr), 1), TypeError);
}

static_assert(PortableCallable<int (*)(int)> && PortableCallable<Fn<&twice>>);
static_assert(!PortableCallable<std::function<int()>> && !PortableCallable<int (Counter::*)(int)>);
static_assert(!PortableCallable<std::reference_wrapper<Scale>>);

TEST(Modules, AreTheSameInTheSameProcess) {
  const auto table = module_table();
  ASSERT_FALSE(table.empty());
  check_module_table(table);
  EXPECT_THROW(check_module_table({{"/no/such/library.so", 1}}), UnpicklingError);
  EXPECT_THROW(check_module_table({{table[0].path, table[0].identity + 1}}), UnpicklingError);
}

}  // namespace
}  // namespace tandem::pickle
