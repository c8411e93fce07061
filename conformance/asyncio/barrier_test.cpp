#include "tandem/threading/barrier.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <vector>

#include "conformance/asyncio/support.hpp"

using namespace tandem::conformance;
namespace asyncio = tandem::asyncio;

namespace {

using Plain = std::vector<asyncio::Task<>>;

// A task for each name that waits there.
Coroutine<Tasks> come(asyncio::Barrier& barrier, std::string names) {
  Tasks tasks;
  for (const char name : names) tasks.push_back(start(barrier.wait(), std::string(1, name)));
  co_await turns();
  co_return tasks;
}

Coroutine<> all_of_these(Plain tasks) {
  for (const auto& task : tasks) co_await task;
}

// A task for each name, of what make(name) gives.
template <class Make>
Plain each(std::string names, Make make) {
  Plain tasks;
  for (const char name : names) tasks.push_back(asyncio::create_task(make(std::string(1, name))));
  return tasks;
}

void add(Tasks& tasks, const Tasks& more) { tasks.insert(tasks.end(), more.begin(), more.end()); }

bool is_broken(const std::string& said) { return said.starts_with("Broken"); }

Coroutine<> pass_twice(asyncio::Barrier& barrier, std::string name) {
  co_await noted(barrier.wait(), name);
  co_await noted(barrier.wait(), name);
}

// What the tasks of a case share.
struct Round {
  explicit Round(std::ptrdiff_t parties) : barrier(parties) {}
  asyncio::Barrier barrier;
  std::vector<std::string> passed;
};

// Comes twice; the third of the first round aborts it instead.
Coroutine<> pass_or_abort(asyncio::Barrier& barrier, std::string name) {
  const std::string said = co_await noted(barrier.wait(), name);
  if (said == "2")
    co_await barrier.abort();
  else if (!is_broken(said))
    co_await noted(barrier.wait(), name + " again");
}

}  // namespace

// wait

CASE("asyncio.barrier.parties.positive", "there is at least one party") {
  log(raised([] { asyncio::Barrier(0); }));
  log(raised([] { asyncio::Barrier(-4); }));
  const asyncio::Barrier barrier(5);
  log(barrier.parties(), barrier.n_waiting(), barrier.broken());
}

CASE("asyncio.barrier.wait.all-together", "nobody passes before all have come") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(3);
    const Tasks tasks = co_await come(barrier, "AB");
    co_await turns(3);
    log(state(tasks[0]), state(tasks[1]), barrier.n_waiting());
    const std::size_t index = co_await barrier.wait();
    log("main", index);
    co_await all_of(tasks);
    log(barrier.n_waiting(), barrier.broken(), barrier);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.wait.index", "each gets another number, in the order of their coming") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(4);
    Tasks tasks;
    for (const char* name : {"A", "B", "C", "D"}) {
      const Tasks more = co_await come(barrier, name);
      add(tasks, more);
      log(barrier.n_waiting(), barrier);
    }
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.wait.single", "one party never waits") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(1);
    soon("a turn");
    const std::size_t first = co_await barrier.wait();
    log(first, barrier.n_waiting());
    const std::size_t second = co_await barrier.wait();
    log(second, barrier.broken());
    co_await turns();
  };
  run_virtual(main());
}

CASE("asyncio.barrier.wait.single-tasks", "nor do two tasks that come to it one after the other") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(1);
    const Tasks first = co_await come(barrier, "A");
    const Tasks second = co_await come(barrier, "B");
    log(state(first[0]), state(second[0]), barrier.n_waiting(), barrier.broken());
  };
  run_virtual(main());
}

CASE("asyncio.barrier.wait.again", "it can be used again at once") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(3);
    const auto make = [&](std::string name) { return pass_twice(barrier, name); };
    const Plain tasks = each("ABC", make);
    co_await all_of_these(tasks);
    log(barrier);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.wait.late-comer",
     "one that comes while the others leave belongs to the next round") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(3);
    Tasks tasks = co_await come(barrier, "AB");
    tasks.push_back(start(barrier.wait(), "C"));
    tasks.push_back(start(barrier.wait(), "D"));
    co_await turns();
    log(barrier.n_waiting(), barrier);
    co_await turns(4);
    log(barrier.n_waiting(), barrier, state(tasks[0]), state(tasks[1]), state(tasks[2]),
        state(tasks[3]));
    const Tasks more = co_await come(barrier, "EF");
    co_await all_of(tasks);
    co_await all_of(more);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.wait.draining",
     "until the last has left it is draining, and nobody counts as waiting") {
  const auto leave = [](asyncio::Barrier& barrier) -> Coroutine<> {
    co_await barrier.wait();
    log(to_string(barrier).find("draining") != std::string::npos, barrier.n_waiting());
  };
  const auto main = [](auto leave_it) -> Coroutine<> {
    asyncio::Barrier barrier(4);
    const auto make = [&](const std::string&) { return leave_it(barrier); };
    const Plain tasks = each("ABCD", make);
    co_await all_of_these(tasks);
    log(barrier);
  };
  run_virtual(main(leave));
}

CASE("asyncio.barrier.wait.held-back",
     "those that come again while others leave wait for the others to come again") {
  struct Shared {
    asyncio::Barrier barrier{5}, rest{3};
    int back = 2;
  };
  const auto pass_again = [](Shared& shared, std::string name) -> Coroutine<> {
    co_await shared.barrier.wait();
    if (shared.back > 0)
      --shared.back;
    else
      co_await noted(shared.rest.wait(), name + " rests");
    co_await noted(shared.barrier.wait(), name + " again");
  };
  const auto main = [](auto pass) -> Coroutine<> {
    Shared shared;
    const auto make = [&](std::string name) { return pass(shared, name); };
    const Plain tasks = each("ABCDE", make);
    co_await all_of_these(tasks);
    log(shared.barrier, shared.rest);
  };
  run_virtual(main(pass_again));
}

// cancel

CASE("asyncio.barrier.cancel.waiting", "a cancelled task no longer counts, and breaks nothing") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(3);
    Tasks tasks = co_await come(barrier, "AB");
    tasks[0].cancel();
    co_await turns();
    log(barrier.n_waiting(), barrier);
    const Tasks third = co_await come(barrier, "C");
    log(barrier.n_waiting());
    const Tasks fourth = co_await come(barrier, "D");
    add(tasks, third);
    add(tasks, fourth);
    co_await all_of(tasks);
    log(barrier);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.cancel.leaving",
     "one that is cancelled when all have come is cancelled, the others pass") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(3);
    Tasks tasks = co_await come(barrier, "AB");
    tasks.push_back(start(barrier.wait(), "C"));
    co_await turns();
    tasks[0].cancel();
    co_await all_of(tasks);
    log(barrier);
    const Tasks again = co_await come(barrier, "DEF");
    co_await all_of(again);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.cancel.late-comer", "so is one that waits for the others to leave") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(2);
    Tasks tasks = co_await come(barrier, "A");
    for (const char* name : {"B", "C", "D"}) tasks.push_back(start(barrier.wait(), name));
    co_await turns();
    log(barrier);
    tasks[2].cancel();
    co_await turns(4);
    log(barrier, state(tasks[0]), state(tasks[1]), state(tasks[2]), state(tasks[3]));
    const Tasks more = co_await come(barrier, "E");
    co_await all_of(tasks);
    co_await all_of(more);
  };
  run_virtual(main());
}

// reset

CASE("asyncio.barrier.reset.unused", "reset() where nobody waits changes nothing") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(2);
    soon("a turn");
    co_await barrier.reset();
    log(barrier);
    co_await turns();
    const Tasks tasks = co_await come(barrier, "AB");
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.reset.waiting",
     "reset() breaks it for those that wait, and for nobody else") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(4);
    const Tasks tasks = co_await come(barrier, "ABC");
    co_await barrier.reset();
    log(barrier, barrier.n_waiting(), barrier.broken());
    co_await all_of(tasks);
    log(barrier, barrier.n_waiting(), barrier.broken());
    const Tasks others = co_await come(barrier, "DEFG");
    co_await all_of(others);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.reset.late-comer",
     "one that comes while those are leaving comes to a new round") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(3);
    Tasks tasks = co_await come(barrier, "AB");
    co_await barrier.reset();
    const Tasks third = co_await come(barrier, "C");
    add(tasks, third);
    log(barrier);
    co_await turns(2);
    log(barrier, state(tasks[0]), state(tasks[1]), state(tasks[2]));
    const Tasks more = co_await come(barrier, "DE");
    add(tasks, more);
    co_await all_of(tasks);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.reset.half-gone", "those that have not left yet are broken by it") {
  const auto pass_or_break = [](Round& round, std::string name) -> Coroutine<> {
    const std::string said = co_await noted(round.barrier.wait(), name);
    if (is_broken(said)) co_return;
    round.passed.push_back(name);
    if (round.passed.size() == 3) co_await round.barrier.reset();
  };
  const auto main = [](auto go) -> Coroutine<> {
    Round round(5);
    const auto make = [&](std::string name) { return go(round, name); };
    const Plain tasks = each("ABCDE", make);
    co_await all_of_these(tasks);
    log(round.barrier, round.passed[0], round.passed[1], round.passed[2]);
  };
  run_virtual(main(pass_or_break));
}

CASE("asyncio.barrier.reset.half-gone-half-back", "those that have come again meanwhile stay") {
  const auto pass_again = [](Round& round, std::string name) -> Coroutine<> {
    const std::string said = co_await noted(round.barrier.wait(), name);
    if (!is_broken(said)) {
      round.passed.push_back(name);
      if (round.passed.size() > 2) co_await round.barrier.reset();
    }
    co_await noted(round.barrier.wait(), name + " again");
  };
  const auto main = [](auto go) -> Coroutine<> {
    Round round(5);
    const auto make = [&](std::string name) { return go(round, name); };
    const Plain tasks = each("ABCDE", make);
    co_await all_of_these(tasks);
    log(round.barrier, round.passed[0], round.passed[1], round.passed[2]);
  };
  run_virtual(main(pass_again));
}

CASE("asyncio.barrier.reset.back-at-once", "those that it has broken may wait again at once") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(4);
    const auto make = [&](std::string name) { return pass_twice(barrier, name); };
    const Plain tasks = each("ABC", make);
    co_await turns();
    const auto resetting = asyncio::create_task(barrier.reset());
    co_await turns();
    const auto last = start(barrier.wait(), "D");
    co_await all_of_these(tasks);
    co_await resetting;
    co_await last;
    log(barrier);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.reset.all-gone",
     "after the last has left it does not harm those that have come again") {
  const auto pass = [](Round& round, std::string name) -> Coroutine<> {
    co_await round.barrier.wait();
    round.passed.push_back(name);
    if (round.passed.size() == 4) {
      log(name, "resets");
      co_await round.barrier.reset();
    }
    co_await pass_twice(round.barrier, name);
  };
  const auto main = [](auto go) -> Coroutine<> {
    Round round(4);
    const auto make = [&](std::string name) { return go(round, name); };
    const Plain tasks = each("ABCD", make);
    co_await all_of_these(tasks);
    log(round.barrier, round.passed[0], round.passed[1], round.passed[2], round.passed[3]);
  };
  run_virtual(main(pass));
}

// abort

CASE("asyncio.barrier.abort.unused", "abort() breaks it for all that come") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(1);
    soon("a turn");
    co_await barrier.abort();
    log(barrier, barrier.n_waiting(), barrier.broken());
    co_await turns();
    const std::string first = co_await awaited(barrier.wait());
    log(first);
    const std::string second = co_await awaited(barrier.wait());
    log(second, barrier.n_waiting());
  };
  run_virtual(main());
}

CASE("asyncio.barrier.abort.waiting", "abort() breaks it for those that wait, too") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(4);
    const Tasks tasks = co_await come(barrier, "ABC");
    co_await barrier.abort();
    log(barrier, barrier.n_waiting(), barrier.broken());
    const Tasks fourth = co_await come(barrier, "D");
    co_await all_of(tasks);
    co_await all_of(fourth);
    log(barrier, barrier.n_waiting(), barrier.broken());
  };
  run_virtual(main());
}

CASE("asyncio.barrier.abort.half-gone-half-back",
     "it breaks it for those that leave and those that have come again") {
  const auto pass_again = [](Round& round, std::string name) -> Coroutine<> {
    const std::string said = co_await noted(round.barrier.wait(), name);
    if (is_broken(said)) co_return;
    round.passed.push_back(name);
    if (round.passed.size() > 2)
      co_await round.barrier.abort();
    else
      co_await noted(round.barrier.wait(), name + " again");
  };
  const auto main = [](auto go) -> Coroutine<> {
    Round round(5);
    const auto make = [&](std::string name) { return go(round, name); };
    const Plain tasks = each("ABCDE", make);
    co_await all_of_these(tasks);
    log(round.barrier, round.passed[0], round.passed[1], round.passed[2]);
  };
  run_virtual(main(pass_again));
}

CASE("asyncio.barrier.abort.by-a-party", "one that fails may abort what the others come to next") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(5);
    const auto make = [&](std::string name) { return pass_or_abort(barrier, name); };
    const Plain tasks = each("ABCDE", make);
    co_await all_of_these(tasks);
    log(barrier);
  };
  run_virtual(main());
}

CASE("asyncio.barrier.abort.then-reset", "reset() mends it") {
  const auto abort_and_mend = [](asyncio::Barrier& barrier, asyncio::Barrier& other,
                                 std::string name) -> Coroutine<> {
    co_await pass_or_abort(barrier, name);
    const std::size_t index = co_await other.wait();
    if (index == 2) {
      co_await barrier.reset();
      log(barrier);
    }
    co_await other.wait();
    co_await noted(barrier.wait(), name);
  };
  const auto main = [](auto go) -> Coroutine<> {
    asyncio::Barrier barrier(5), other(5);
    const auto make = [&](std::string name) { return go(barrier, other, name); };
    const Plain tasks = each("ABCDE", make);
    co_await all_of_these(tasks);
    log(barrier);
  };
  run_virtual(main(abort_and_mend));
}

// The rest

CASE("asyncio.barrier.abort.error",
     "BrokenBarrierError is a RuntimeError, and no threading.BrokenBarrierError") {
  log(std::derived_from<asyncio::BrokenBarrierError, tandem::RuntimeError>);
  log(std::derived_from<asyncio::BrokenBarrierError, tandem::threading::BrokenBarrierError>);
}

CASE("asyncio.barrier.with.index", "with waits, and gives the block the number") {
  const auto enter = [](asyncio::Barrier& barrier, std::string name) -> Coroutine<> {
    const std::size_t index = co_await barrier.wait();  // async with barrier as index:
    log(name, index);
  };
  const auto main = [](auto go) -> Coroutine<> {
    asyncio::Barrier barrier(3);
    const auto make = [&](std::string name) { return go(barrier, name); };
    const Plain tasks = each("ABC", make);
    co_await all_of_these(tasks);
    log(barrier.n_waiting(), barrier.broken());
  };
  run_virtual(main(enter));
}

CASE("asyncio.barrier.loop.another",
     "who has to wait in another loop than the first to wait gets RuntimeError") {
  asyncio::Barrier barrier(2);
  const auto main = [](asyncio::Barrier& shared) -> Coroutine<> {
    const Tasks tasks = co_await come(shared, "AB");
    co_await all_of(tasks);
  };
  const auto again = [](asyncio::Barrier& shared) -> Coroutine<> {
    const std::string said = co_await awaited(shared.wait());
    log(said);
    log(shared.n_waiting());
  };
  run_virtual(main(barrier));
  run_virtual(again(barrier));
}

CASE("asyncio.barrier.waiter.outlived",
     "a task may wait when the barrier goes, is never woken then and can be cancelled") {
  const auto main = []() -> Coroutine<> {
    auto barrier = std::make_unique<asyncio::Barrier>(3);
    const Tasks tasks = co_await come(*barrier, "AB");
    barrier.reset();
    tasks[0].cancel();
    co_await turns(2);
    EXPECT_EQ(state(tasks[0]), "CancelledError");
    EXPECT_EQ(state(tasks[1]), "pending");
    tasks[1].cancel();
    co_await tasks[1];
  };
  run_virtual(main());
}

CASE("asyncio.barrier.waiter.dropped", "a task that is dropped with its loop no longer counts") {
  asyncio::Barrier barrier(3);
  {
    const auto loop = asyncio::new_event_loop();
    loop.run_until_complete(come(barrier, "AB"));
    EXPECT_EQ(barrier.n_waiting(), 2U);
    loop.close();
  }
  EXPECT_EQ(barrier.n_waiting(), 0U);
}

CASE("asyncio.barrier.repr.state", "its repr says what it is at, and how many wait of how many") {
  const auto main = []() -> Coroutine<> {
    asyncio::Barrier barrier(5);
    Tasks tasks;
    log(barrier);
    for (const char* names : {"AB", "CDE", "FG"}) {
      const Tasks more = co_await come(barrier, names);
      add(tasks, more);
      log(barrier);
    }
    co_await barrier.reset();
    log(barrier);
    const Tasks more = co_await come(barrier, "HI");
    add(tasks, more);
    co_await barrier.abort();
    log(barrier);
    co_await all_of(tasks);
  };
  run_virtual(main());
}
