// The thread pool, whose workers are threads of the run, too: every task runs once or was
// cancelled, nothing is accepted after shutdown(), and nobody hangs.
#include <exception>
#include <optional>
#include <stdexcept>
#include <tandem/core/log.hpp>
#include <tandem/futures.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum PoolVerb : Verb {
  submit,
  map,
  cancel,
  result,
  shutdown,
  shutdown_no_wait,
  shutdown_cancelling
};
const std::vector<std::string> verbs{
    "submit", "map", "cancel", "result", "shutdown", "shutdown_no_wait", "shutdown_cancelling"};

class TestedPool final : public Tested {
 public:
  TestedPool(const Target& target, int workers, void (*initializer)())
      : calls_(target.verbs),
        may_break_(initializer != nullptr),
        pool_({.max_workers = workers, .initializer = initializer}) {
    tasks_.reserve(64);  // they stay where they are
  }
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls_.record(thread, verb, [&] { return performed(verb, thread); });
  }
  void wind_up() override { pool_.shutdown(); }
  std::string verdict(const scheduled::Record& record) override {
    if (record.end != scheduled::End::finished) return "somebody hangs";
    for (const Task& task : tasks_)
      if (task.future && !is_settled(task))
        return "a task has neither run nor been cancelled, or both";
    return wrongly_submitted();
  }
  std::vector<Bar> bars() const override { return calls_.bars(); }

 private:
  struct Task {
    std::size_t thread;
    std::optional<futures::Future<int>> future;  // none: refused
    int runs = 0;
  };

  static bool is_settled(const Task& task) {
    if (!task.future->done()) return false;
    return task.runs == (task.future->cancelled() || task.future->exception() ? 0 : 1);
  }
  std::int64_t performed(Verb verb, std::size_t thread) {
    if (verb == submit) return submitted(thread);
    if (verb == map) return mapped();
    if (verb >= shutdown) {
      pool_.shutdown({.wait = verb == shutdown, .cancel_futures = verb == shutdown_cancelling});
      return 0;
    }
    const Task* const last = last_of(thread);
    if (!last) return 0;
    if (verb == cancel) return last->future->cancel();
    return result_or_raised<std::exception>([&] { return last->future->result(); });
  }
  std::int64_t mapped() {
    return result_or_raised<std::exception>([&] {
      std::int64_t sum = 0;
      for (const int n : pool_.map([](int item) { return item; }, std::vector{1, 2, 3})) sum += n;
      return sum;
    });
  }
  std::int64_t submitted(std::size_t thread) {
    const std::size_t index = tasks_.size();
    tasks_.push_back({thread, {}});
    return result_or_raised<RuntimeError>([&] {
      tasks_[index].future = pool_.submit([this, index] { return ++tasks_[index].runs; });
      return 0;
    });
  }
  const Task* last_of(std::size_t thread) const {
    for (std::size_t i = tasks_.size(); i-- > 0;)
      if (tasks_[i].thread == thread && tasks_[i].future) return &tasks_[i];
    return nullptr;
  }
  // Accepted after a shutdown() had returned, or refused before one had begun; or not all of a map.
  std::string wrongly_submitted() const {
    for (const Call& call : calls_.list()) {
      if (call.verb > map || call.is_pending()) continue;
      if (call.verb == map && call.result != raised && call.result != 6)
        return "a map has lost a result";
      bool before = false, after = false;
      for (const Call& other : calls_.list()) {
        before |= other.verb >= shutdown && other.invoked < call.returned;
        after |= other.verb >= shutdown && other.returned < call.invoked;
      }
      if (after && call.result != raised) return "a task was accepted after shutdown()";
      if (!before && !may_break_ && call.result == raised)
        return "a task was refused without shutdown()";
    }
    return "";
  }

  Calls calls_;
  std::vector<Task> tasks_;
  const bool may_break_;
  futures::ThreadPoolExecutor pool_;
};

using Initializer = void (*)();
void fail() { throw std::logic_error(""); }

const Target pool_of_1 = target_of<TestedPool>("Pool_of_1", verbs, 1, Initializer{});
const Target pool_of_2 = target_of<TestedPool>("Pool_of_2", verbs, 2, Initializer{});
const Target breaking = target_of<TestedPool>("Pool_breaking", verbs, 2, Initializer{fail});

TEST(PoolSchedules, OneWorker) { explore(pool_of_1, {.operations = 3}); }
TEST(PoolSchedules, TwoWorkers) { explore(pool_of_2, {.operations = 3}); }
TEST(PoolSchedules, SpuriousWakes) {
  explore(pool_of_2, {.operations = 3, .options = {.spurious_wakes = true}});
}
TEST(PoolSchedules, AllSchedules) {
  explore_all(pool_of_1, {"submit / submit", "submit cancel / shutdown",
                          "submit / shutdown_cancelling", "map / shutdown_no_wait"});
  explore_all(pool_of_2, {"submit result / submit result"}, 1);
}

// Every worker says in the log that it could not begin.
class BreakingPoolSchedules : public testing::Test {
 protected:
  BreakingPoolSchedules() : before_(log_sink([](std::string_view) {})) {}
  ~BreakingPoolSchedules() override { log_sink(before_); }

 private:
  LogSink before_;
};

TEST_F(BreakingPoolSchedules, Explored) { explore(breaking, {.operations = 3}); }
TEST_F(BreakingPoolSchedules, AllSchedules) {
  explore_all(breaking, {"submit result / submit", "map / submit"}, 1);
}

}  // namespace
}  // namespace tandem::conformance
