#include <memory>
#include <optional>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {

namespace {

Coroutine<int> answer() {
  log("runs");
  co_return 42;
}

Coroutine<> fail(std::string text) {
  throw ValueError(text);
  co_return;
}

std::string current_name() { return asyncio::current_task()->get_name(); }

}  // namespace

CASE("asyncio.coroutine.lazy", "calling a coroutine function runs nothing; awaiting does") {
  run_virtual([]() -> Coroutine<> {
    Coroutine<int> coroutine = answer();
    log("called");
    co_await turns();
    log("still nothing");
    const int result = co_await std::move(coroutine);
    log(result);
  });
}

namespace {
Coroutine<std::string> named_inner() {
  log(current_name());
  co_return "inner";
}
}  // namespace

CASE("asyncio.coroutine.awaited-at-once", "runs at once in the same task; no turn passes") {
  run_virtual([]() -> Coroutine<> {
    asyncio::get_running_loop().call_soon([] { log("next turn"); });
    log(current_name());
    const std::string first = co_await named_inner();
    const std::string second = co_await named_inner();
    log(first, second);
    co_await turns();
    log("main ends");
  });
}

CASE("asyncio.coroutine.three-ways", "a coroutine is run by await, by run(), by create_task()") {
  run_virtual([]() -> Coroutine<> {
    const int awaited = co_await answer();
    log(awaited);
    const int of_task = co_await asyncio::create_task(answer());
    log(of_task);
  });
  log(run_virtual(answer()));
}

namespace {
Coroutine<> passes_on(std::string text) {
  co_await fail(text);
  log("never");
}
}  // namespace

CASE("asyncio.coroutine.raises", "what a coroutine raises arrives at the await") {
  run_virtual([]() -> Coroutine<> {
    try {
      co_await passes_on("bad");
    } catch (const ValueError& error) {
      log("caught", error.what());
    }
    const std::string said = co_await awaited(passes_on("worse"));
    log(said);
  });
  log(raised([] { run_virtual(passes_on("worst")); }));
}

CASE("asyncio.coroutine.once", "a coroutine can be awaited once only") {
  run_virtual([]() -> Coroutine<> {
    Coroutine<int> coroutine = answer();
    const int result = co_await std::move(coroutine);
    log(result);
    const std::string said = co_await awaited(std::move(coroutine));
    log(said);
  });
}

namespace {
Coroutine<> scope(std::string name, Coroutine<> inner) {
  struct Left {
    std::string name;
    ~Left() { log(name, "left"); }
  };
  const Left left{name};
  co_await std::move(inner);
}
}  // namespace

CASE("asyncio.coroutine.cleans-up", "what is left is cleaned up from the inside to the outside") {
  run_virtual([]() -> Coroutine<> {
    const std::string said = co_await awaited(scope("outer", scope("middle", fail("bad"))));
    log(said);
    const auto task = asyncio::create_task(scope("outer", scope("middle", asyncio::sleep(10s))));
    co_await turns();
    task.cancel();
    const std::string cancelled = co_await awaited(task);
    log(cancelled);
  });
}

CASE("asyncio.coroutine.never-awaited", "a coroutine that is dropped is warned of") {
  run_virtual([]() -> Coroutine<> {
    const Logged logged;
    static_cast<void>(answer());
    {
      Coroutine<int> coroutine = answer();
      const int result = co_await std::move(coroutine);
      log(result);
    }
    std::vector<std::string> said;
    for (std::string message : first_lines(logged)) {
      // CPython names the function: coroutine 'answer' was never awaited
      const auto name = message.find(" '");
      message.erase(name, message.find("' ") + 1 - name);
      said.push_back(message.substr(message.find("coroutine")));
    }
    log(said);
  });
}

namespace {
Coroutine<int> sum_to(int number) {
  if (number % 10 == 0) co_await asyncio::sleep(0s);
  if (number == 0) co_return 0;
  const int rest = co_await sum_to(number - 1);
  co_return number + rest;
}
Coroutine<int> depth(int levels) {
  if (levels == 0) co_return 0;
  const int below = co_await depth(levels - 1);
  co_return below + 1;
}
Coroutine<int> one() { co_return 1; }
Coroutine<int> many(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) sum += co_await one();
  co_return sum;
}
}  // namespace

CASE("asyncio.coroutine.deep", "a hundred deep, and each gets its result") {
  log(run_virtual(sum_to(100)));
}

CASE("asyncio.coroutine.deep-stack", "a million, nested or in a row, need no more of the stack") {
  constexpr int million = 1'000'000;
  EXPECT_EQ(run_virtual(depth(million)), million);
  EXPECT_EQ(run_virtual(many(million)), million);
}

namespace {
Coroutine<std::unique_ptr<int>> unique(int number) { co_return std::make_unique<int>(number); }
Coroutine<int&> reference(int& number) { co_return number; }
}  // namespace

CASE("asyncio.coroutine.move-only-result", "what can only be moved, references, nothing") {
  run_virtual([]() -> Coroutine<> {
    const std::unique_ptr<int> awaited = co_await unique(1);
    EXPECT_EQ(*awaited, 1);
    const std::unique_ptr<int> of_task = co_await asyncio::create_task(unique(2));
    EXPECT_EQ(*of_task, 2);
    int number = 3;
    int& referred = co_await reference(number);
    EXPECT_EQ(&referred, &number);
    const auto task = asyncio::create_task(reference(number));
    int& of_task_too = co_await task;
    EXPECT_EQ(&of_task_too, &number);
    co_await turns(0);
  });
  EXPECT_EQ(*run_virtual(unique(4)), 4);
}

namespace {
Coroutine<> holds(std::shared_ptr<int> held) {
  log(*held);
  co_return;
}
}  // namespace

CASE("asyncio.coroutine.dropped", "its arguments are destroyed; closed, nothing is said") {
  const Logged logged;
  const auto held = std::make_shared<int>(7);
  {
    Coroutine<> coroutine = holds(held);
    EXPECT_EQ(held.use_count(), 2);
    Coroutine<> moved = std::move(coroutine);
    EXPECT_EQ(held.use_count(), 2);
    moved.close();
    EXPECT_EQ(held.use_count(), 1);
  }
  EXPECT_TRUE(logged.messages().empty());
  static_cast<void>(holds(held));
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(logged.messages().size(), 1);
}

namespace {
Coroutine<std::string> fetch(std::string page) {
  co_await asyncio::sleep(1s);
  log("fetched", page);
  co_return page;
}
class Page {
 public:
  explicit Page(std::string name) : name_(std::move(name)) {}
  auto operator co_await() && {
    return std::move(fetching_.emplace(fetch(name_))).operator co_await();
  }

 private:
  std::string name_;
  std::optional<Coroutine<std::string>> fetching_{};
};
struct AtOnce {
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return 42; }
};
std::vector<Page> pages(std::string name) {
  std::vector<Page> all;
  all.emplace_back(std::move(name));
  return all;
}
static_assert(asyncio::Awaitable<Page> && !asyncio::Awaitable<Page&> && !asyncio::Awaitable<int>);
static_assert(!asyncio::Awaitable<AtOnce>);  // it might wait, and the task not know of it
}  // namespace

CASE("asyncio.coroutine.own-awaitable", "what one's own type hands on to is awaited") {
  run_virtual([]() -> Coroutine<> {
    asyncio::get_running_loop().call_soon([] { log("next turn"); });
    const int at_once = co_await AtOnce();
    log(at_once);
    Page named("a");
    const std::string a = co_await std::move(named);
    log(a);
    auto gathered = asyncio::gather(Page("b"), fetch("c"), Page("d"));
    const auto [b, c, d] = co_await std::move(gathered);
    log(b, c, d, asyncio::all_tasks().size());
    auto shielded = asyncio::shield(Page("e"));
    const std::string e = co_await std::move(shielded);
    log(e);
    auto in_time = asyncio::wait_for(Page("f"), 2s);
    const std::string f = co_await std::move(in_time);
    auto late = asyncio::wait_for(Page("g"), 500ms);
    const std::string g = co_await awaited(std::move(late));
    log(f, g);
    Page never("h");
    auto at_no_time = asyncio::wait_for(std::move(never), 0s);
    const std::string h = co_await awaited(std::move(at_no_time));
    log(h);
    for (auto& completed : asyncio::as_completed(pages("i"))) {
      const std::string i = co_await std::move(completed);
      log(i);
    }
  });
}

}  // namespace tandem::conformance
