// Every await point of asyncio is cancelled in turn: at each time, and there in each turn of the
// loop; then once more in the turn after. What happens is what happens in CPython, and nothing
// stays behind.
#include <string>
#include <tandem/core/block_pool.hpp>
#include <vector>

#include "../harness/allocations.hpp"
#include "differential.hpp"
#include "programs.hpp"

namespace tandem::conformance {
namespace {

constexpr int times = 4, turns = 5;
constexpr Counts cancellations{"cancellations", 0, 0};  // all of them, each time

// Body 1 is cancelled; body 3 runs beside it, and was there first.
struct Awaiting {
  const char* name;
  const char* subject;                                                  // the operations of body 1
  const char* helper = "[]";                                            // of body 3
  const char* inner = R"([["sleep", 1], ["turns", 1], ["sleep", 1]])";  // of body 2
};

constexpr Awaiting all[] = {
    {"sleep", R"([["sleep", 2], ["sleep", 0]])"},
    {"turns", R"([["turns", 4]])"},
    {"a coroutine", R"([["call", 0]])"},
    {"a task", R"([["create_task", 0], ["await", 0]])"},
    {"a task that fails", R"([["create_task", 0], ["await", 0]])", "[]",
     R"([["sleep", 1], ["raise", "a"]])"},
    {"a task that does not end", R"([["create_task", 0], ["await", 0]])", "[]",
     R"([["sleep", 1, {"catch": 2}], ["sleep", 1]])"},
    {"a future", R"([["new_future"], ["await", 0]])", R"([["sleep", 2], ["set_result", 0, 5]])"},
    {"a future that fails", R"([["new_future"], ["await", 0]])",
     R"([["sleep", 2], ["set_exception", 0, "a"]])"},
    {"gather", R"([["gather_bodies", [0, 0, 0], 0]])"},
    {"gather with outcomes", R"([["gather_bodies", [0, 0], 1]])"},
    {"gather of a task", R"([["create_task", 0], ["create_task", 0], ["gather", [0, 1, 0], 0]])"},
    {"a gather that is kept", R"([["create_task", 0], ["gather_kept", [2, 2], 0], ["await", 1]])"},
    {"gather that fails", R"([["gather_bodies", [0, 1, 0], 0]])",
     R"([["sleep", 1], ["raise", "a"]])"},
    {"shield", R"([["create_task", 0], ["shield", 2]])"},
    {"shield of a coroutine", R"([["shield_body", 0]])"},
    {"shield of what is cancelled", R"([["create_task", 0], ["shield", 2]])",
     R"([["sleep", 1], ["cancel", 3, "b"]])"},
    {"a shield that is kept", R"([["create_task", 0], ["shield_kept", 2], ["await", 1]])"},
    {"wait", R"([["create_task", 0], ["create_task", 0], ["wait", [3, 4], null, 0]])"},
    {"wait for the first", R"([["create_task", 0], ["wait", [1, 3], null, 1]])",
     R"([["sleep", 1]])"},
    {"wait for an exception", R"([["create_task", 0], ["wait", [1, 3], null, 2]])",
     R"([["sleep", 1], ["raise", "a"]])"},
    {"wait with a timeout", R"([["create_task", 0], ["wait", [3], 1, 0]])"},
    {"wait_for", R"([["create_task", 0], ["wait_for", 0, 4]])"},
    {"wait_for that times out", R"([["create_task", 0], ["wait_for", 0, 1]])"},
    {"wait_for without time", R"([["create_task", 0], ["wait_for", 0, 0]])"},
    {"wait_for a coroutine", R"([["wait_for_body", 0, 4]])"},
    {"wait_for a coroutine that times out", R"([["wait_for_body", 0, 1]])"},
    {"wait_for a coroutine without time", R"([["wait_for_body", 0, 0]])"},
    {"wait_for a coroutine that stays", R"([["wait_for_body", 0, 1]])", "[]",
     R"([["sleep", 2, {"catch": 2}], ["sleep", 1]])"},
    {"as_completed",
     R"([["create_task", 0], ["create_task", 0], ["as_completed", [3, 4, 1], null]])",
     R"([["sleep", 1]])"},
    {"as_completed with a timeout", R"([["create_task", 0], ["as_completed", [3], 1]])"},
    {"timeout", R"([["timeout", 4, 0]])"},
    {"timeout that expires", R"([["timeout", 1, 0]])"},
    {"timeout without time", R"([["timeout", 0, 0]])"},
    {"timeout_at", R"([["timeout_at", 1, 0]])"},
    {"timeouts in each other", R"([["timeout", 1, 0]])", "[]",
     R"([["timeout", 1, 0], ["sleep", 1]])"},
    {"a timeout that is moved", R"([["timeout", 1, 0]])", "[]",
     R"([["reschedule", 2], ["sleep", 1], ["expired"], ["sleep", 1], ["sleep", 1]])"},
    {"a group", R"([["group", 0]])", "[]",
     R"([["group_create", 1], ["group_create", 1], ["sleep", 1]])"},
    {"a group that fails", R"([["group", 0]])", R"([["sleep", 1], ["raise", "a"]])",
     R"([["group_create", 0], ["group_create", 1], ["sleep", 2]])"},
    {"a group in a group", R"([["group", 0]])", R"([["group_create", 0], ["group", 0]])",
     R"([["group_create", 0], ["group", 0]])"},
    {"a group in a timeout", R"([["timeout", 1, 0]])", R"([["sleep", 2]])",
     R"([["group", 0], ["sleep", 1]])"},
    {"with a lock", R"([["with_lock", 0]])", R"([["with_lock", 0]])"},
    {"acquire", R"([["acquire"], ["sleep", 1], ["release"]])",
     R"([["acquire"], ["sleep", 1], ["release"], ["acquire"], ["release"]])"},
    {"with a semaphore", R"([["with_semaphore", 0], ["with_semaphore", 0]])",
     R"([["sem_acquire", 0], ["with_semaphore", 0], ["sem_release", 0]])"},
    {"a bounded semaphore", R"([["sem_acquire", 1], ["sleep", 1], ["sem_release", 1]])",
     R"([["sem_acquire", 1], ["sleep", 1], ["sem_release", 1]])"},
    {"with a condition", R"([["with_condition", 0]])", R"([["with_condition", 0]])"},
    {"a condition", R"([["with_condition", 0]])", R"([["sleep", 1], ["with_condition", 0]])",
     R"([["cond_wait"], ["sleep", 1]])"},
    {"a condition with a predicate",
     R"([["cond_acquire"], ["cond_wait_for", 0, 2], ["cond_release"]])",
     R"([["cond_acquire"], ["notify", 1], ["cond_release"], ["sleep", 1], ["cell", 0, 2],
         ["cond_acquire"], ["notify_all"], ["sleep", 1], ["cond_release"]])"},
    {"an event", R"([["event_wait", 0], ["event_clear", 0], ["event_wait", 0]])",
     R"([["sleep", 1], ["event_set", 0], ["sleep", 1], ["event_set", 0]])"},
    {"a barrier", R"([["barrier_wait", 0], ["barrier_wait", 0]])",
     R"([["sleep", 1], ["barrier_wait", 0], ["sleep", 1], ["barrier_wait", 0]])"},
    {"a barrier that is reset", R"([["barrier_wait", 0]])",
     R"([["sleep", 1], ["barrier_reset", 0], ["barrier_abort", 0]])"},
    {"put", R"([["put", 1, 1], ["put", 1, 2], ["put", 1, 3]])",
     R"([["sleep", 1], ["get", 1], ["sleep", 1], ["get", 1]])"},
    {"get", R"([["get", 0], ["get", 0]])",
     R"([["sleep", 1], ["put", 0, 1], ["sleep", 1], ["put", 0, 2]])"},
    {"get of two", R"([["create_task", 0], ["get", 1]])",
     R"([["sleep", 1], ["put", 1, 1], ["put", 1, 2]])", R"([["get", 1]])"},
    {"get of a stack", R"([["get", 2], ["get", 2]])",
     R"([["sleep", 1], ["put", 2, 1], ["put", 2, 2], ["sleep", 1], ["put", 2, 3]])"},
    {"put into a heap", R"([["put", 3, 2], ["put", 3, 1], ["put", 3, 3], ["put", 3, 0]])",
     R"([["sleep", 1], ["get", 3], ["sleep", 1], ["get", 3]])"},
    {"get of what is shut down", R"([["get", 0]])", R"([["sleep", 2], ["shutdown", 0, 0]])"},
    {"join", R"([["put", 0, 1], ["join", 0]])", R"([["sleep", 2], ["task_done", 0]])"},
};

void add(Json& operations, int body, const char* list) {
  for (Json operation : Json::parse(list)) {
    operation.insert(operation.begin(), body);
    operations.push_back(std::move(operation));
  }
}

// Entry 1 is the helper, entry 2 is cancelled.
Json program_of(const Awaiting& awaiting, int time, int turn, bool is_eager, bool twice) {
  Json operations = Json::array();
  add(operations, 0, R"([["create_task", 2], ["create_task", 0]])");
  add(operations, 1, awaiting.subject);
  add(operations, 1, R"([["turns", 1]])");
  add(operations, 2, awaiting.inner);
  add(operations, 3, awaiting.helper);
  add(operations, 4, R"([["sleep", 1], ["notify", 1], ["sleep", 1]])");
  if (time > 0) operations.push_back(Json::array({0, "sleep", time}));
  operations.push_back(Json::array({0, "turns", turn}));
  add(operations, 0, R"([["cancel", 2, "m"]])");
  if (twice) add(operations, 0, R"([["turns", 1], ["cancel", 2, "n"]])");
  add(operations, 0, R"([["wait", [1, 2], null, 0], ["locked"]])");
  return {{"eager", is_eager}, {"operations", std::move(operations)}};
}

std::vector<Json> programs_of(const Awaiting& awaiting) {
  std::vector<Json> programs;
  for (const bool is_eager : {false, true})
    for (const bool twice : {false, true})
      for (int time = 0; time < times; ++time)
        for (int turn = 0; turn < turns; ++turn)
          programs.push_back(program_of(awaiting, time, turn, is_eager, twice));
  return programs;
}

// One test for all: each would start a CPython.
TEST(EveryAwait, IsCancelledAsInCPython) {
  ReferenceRunner* reference = ReferenceRunner::find();
  if (!reference || !reference->has_feature("asyncio.3.13"))
    GTEST_SKIP() << "no python3 of version 3.13 or later";
  Tally tally(cancellations);
  for (const Awaiting& awaiting : all)
    for (const Json& program : programs_of(awaiting)) {
      tally.add(1);
      ASSERT_EQ(run_program("asyncio", program), reference->run("asyncio", program))
          << awaiting.name << " " << program;
    }
}

class EachAwait : public testing::TestWithParam<Awaiting> {};

TEST_P(EachAwait, LeavesNothingBehindWhenItIsCancelled) {
  const std::vector<Json> programs = programs_of(GetParam());
  Tally tally(cancellations);
  tally.add(programs.size());
  for (const Json& program : programs) run_program("asyncio", program);
  const auto run_all = [&] {
    for (const Json& program : programs) run_program("asyncio", program);
  };
  run_all();  // what is made once is there
  const auto live = live_bytes();
  const auto pooled = v1::detail::pooled_bytes();
  for (int again = 0; again < 2; ++again) run_all();
  EXPECT_EQ(live_bytes(), live);
  EXPECT_LE(v1::detail::pooled_bytes(), pooled);
}

INSTANTIATE_TEST_SUITE_P(Asyncio, EachAwait, testing::ValuesIn(all), [](const auto& tested) {
  std::string name;
  for (const char* c = tested.param.name; *c; ++c)
    if (*c != ' ') name += *c;
  return name;
});

}  // namespace
}  // namespace tandem::conformance
