// Every class of queue, judged as in conformance/properties by the search of harness/history.
#include "explored.hpp"
#include "subject.hpp"

namespace tandem::conformance {
namespace {

const std::vector<std::string> verbs{"put",   "put_nowait", "put_timed", "try_put",
                                     "get",   "get_nowait", "get_timed", "try_get",
                                     "qsize", "shutdown",   "shutdown!"};

std::uint64_t stamp() { return static_cast<std::uint64_t>(scheduled::stamp()); }

class TestedQueue final : public Tested {
 public:
  explicit TestedQueue(const Subjected& subjected)
      : model_(subjected.model),
        subject_(subjected.make(subjected.model.capacity)),
        recorder_(4, 8, stamp) {}

  void perform(Verb verb, std::size_t thread, std::size_t index) override {
    // Distinct, and in no order of threads or time: a PriorityQueue has something to do.
    const auto value =
        static_cast<std::int64_t>((thread * 7 + index * 5 + 3) % 11 * 100 + thread * 10 + index);
    subject_->perform(static_cast<Act>(verb), value, recorder_[thread]);
  }
  std::string verdict(const scheduled::Record&) override {
    const History history = recorder_.history();
    Finding finding = search(history, model_);
    if (finding.verdict == Verdict::linearizable) finding = check_quiescence(history, model_);
    return finding.verdict == Verdict::linearizable ? "" : explain(finding, history);
  }
  std::vector<Bar> bars() const override { return bars_of(recorder_.history()); }

 private:
  Model model_;
  std::unique_ptr<Subject> subject_;
  Recorder recorder_;
};

Target target_of_queue(const Subjected& subjected) {
  const auto last = subjected.can_shut_down ? verbs.end() : verbs.begin() + 9;
  return {subjected.name, {verbs.begin(), last}, [&] {
            return std::make_unique<TestedQueue>(subjected);
          }};
}

class QueueSchedules : public testing::TestWithParam<Subjected> {};

TEST_P(QueueSchedules, Explored) { explore(target_of_queue(GetParam())); }
TEST_P(QueueSchedules, SpuriousWakes) {
  explore(target_of_queue(GetParam()), {.options = {.spurious_wakes = true}});
}
TEST_P(QueueSchedules, AllSchedules) {
  explore_all(target_of_queue(GetParam()),
              {"put put / get / get", "put get / put get", "put / get / get_timed",
               "put put / try_get get", "try_put get / try_put get"});
}

INSTANTIATE_TEST_SUITE_P(Queues, QueueSchedules, testing::ValuesIn(queues()), name_of);

class QueueShutdownSchedules : public testing::TestWithParam<Subjected> {};

TEST_P(QueueShutdownSchedules, AllSchedules) {
  explore_all(target_of_queue(GetParam()),
              {"put put / get / shutdown", "put put put / shutdown!", "get / get / shutdown",
               "try_put try_put / try_get / shutdown"});
}

INSTANTIATE_TEST_SUITE_P(Queues, QueueShutdownSchedules,
                         testing::ValuesIn(queues_where([](const Subjected& subjected) {
                           return subjected.can_shut_down;
                         })),
                         name_of);

// join() and task_done(), which histories of queues do not know.
enum TaskVerb : Verb { put, task_done, join };

struct TasksModel {
  int unfinished = 0;
  bool apply(const Call& call) {
    if (call.verb == put) return ++unfinished, true;
    if (call.verb == join) return unfinished == 0;
    if (unfinished == 0) return call.result == raised;
    --unfinished;
    return call.result == 0;
  }
  bool lets_go_on(const Call& call) const { return call.verb != join || unfinished == 0; }
  std::string key() const { return std::to_string(unfinished); }
};

template <class Q>
class TestedTasks final : public Modelled<TasksModel> {
 public:
  explicit TestedTasks(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&]() -> std::int64_t {
      if (verb == put) return queue_.put(1), 0;
      if (verb == join) return queue_.join(), 0;
      return result_or_raised<ValueError>([&] { return queue_.task_done(), 0; });
    });
  }

 private:
  Q queue_;
};

const std::vector<std::string> task_verbs{"put", "task_done", "join"};
const Target queue_tasks = target_of<TestedTasks<queue::Queue<int>>>("Queue.join", task_verbs);
const Target lifo_tasks =
    target_of<TestedTasks<queue::LifoQueue<int>>>("LifoQueue.join", task_verbs);
const Target priority_tasks =
    target_of<TestedTasks<queue::PriorityQueue<int>>>("PriorityQueue.join", task_verbs);

void explore_all_joins(const Target& target) {
  explore_all(target, {"put join / task_done / join", "put put / join / task_done task_done"});
}

TEST(QueueJoin, Explored) { explore(queue_tasks); }
TEST(QueueJoin, ExploredOfLifoQueue) { explore(lifo_tasks); }
TEST(QueueJoin, ExploredOfPriorityQueue) { explore(priority_tasks); }
TEST(QueueJoin, SpuriousWakes) { explore(queue_tasks, {.options = {.spurious_wakes = true}}); }
TEST(QueueJoin, AllSchedules) { explore_all_joins(queue_tasks); }
TEST(QueueJoin, AllSchedulesOfLifoQueue) { explore_all_joins(lifo_tasks); }
TEST(QueueJoin, AllSchedulesOfPriorityQueue) { explore_all_joins(priority_tasks); }

}  // namespace
}  // namespace tandem::conformance
