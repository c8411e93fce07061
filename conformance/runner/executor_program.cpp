#include <algorithm>
#include <barrier>
#include <future>
#include <memory>

#include "future_operations.hpp"

namespace tandem::conformance {
namespace {

int value(int n) { return n; }
int sum(int a, int b) { return a + b; }
int fail(const std::string& text) { throw ValueError(text); }
int twice(int n) { return 2 * n; }
int fail_odd(int n) { return n % 2 ? fail("odd " + std::to_string(n)) : n; }

// Where tasks of all workers wait until it is opened.
class Gate {
 public:
  explicit Gate(int workers) : running_(workers + 1) {}
  void wait() {
    running_.arrive_and_wait();
    opened_.wait();
  }
  void wait_until_all_run() { running_.arrive_and_wait(); }
  void open() { open_.set_value(); }

 private:
  std::barrier<> running_;
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
};

class ExecutorProgram : private FutureOperations {
 public:
  explicit ExecutorProgram(const Json& program);
  ~ExecutorProgram() override { close(); }
  Json observe(const Step& step);
  Json endings();

 private:
  bool is_left_out(const Future& future) const override { return dropped_.contains(future); }
  Json run_any(const Step& step);
  Json submit(const Step& step);
  Json kept(Future future);
  Json map(const Step& step);
  template <class Results>
  Json collect(Results results);
  bool close_gate();
  void open_gate();
  void shutdown(const Json& options);
  void settle();
  void close();

  LogCount log_;
  int workers_;
  bool fails_;
  std::vector<futures::Future<void>> at_gate_;
  std::shared_ptr<Gate> gate_;
  futures::FutureSet<Future> dropped_;  // cancelled by shutdown: CPython notifies nobody of these
  std::unique_ptr<futures::ThreadPoolExecutor> executor_;
};

ExecutorProgram::ExecutorProgram(const Json& program)
    : workers_(program.value("workers", 1)),
      fails_(program.value("initializer", "none") == "raise") {
  futures::ThreadPoolExecutorOptions options{.max_workers = workers_};
  if (fails_) options.initializer = [] { fail("initializer"); };
  executor_ = std::make_unique<futures::ThreadPoolExecutor>(std::move(options));
}

bool looks_at_states(const std::string& name) {
  constexpr const char* names[] = {"cancel",    "cancelled", "running",      "done",    "result",
                                   "exception", "wait",      "as_completed", "shutdown"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Json ExecutorProgram::observe(const Step& step) {
  if (looks_at_states(step.name)) settle();
  const int logged = log_.count();
  Json value = observed([&] { return run_any(step); });
  if (fails_) return value;  // how many workers fail, and log it, is not determined
  return with_effects(std::move(value), Json::array(), log_.count() - logged);
}

Json ExecutorProgram::run_any(const Step& step) {
  if (auto result = run(step)) return *std::move(result);
  if (step.name == "submit") return submit(step);
  if (step.name == "map") return map(step);
  if (step.name == "close_gate") return close_gate();
  if (step.name == "open_gate")
    open_gate();
  else if (step.name == "shutdown")
    shutdown(step.options);
  else
    throw BadProgram("unknown operation '" + step.name + "'");
  return nullptr;
}

Json ExecutorProgram::submit(const Step& step) {
  const auto function = step.argument<std::string>(0);
  if (function == "value") return kept(executor_->submit(value, step.argument<int>(1)));
  if (function == "raise") return kept(executor_->submit(fail, step.argument<std::string>(1)));
  if (function == "add")
    return kept(executor_->submit(sum, step.argument<int>(1), step.argument<int>(2)));
  throw BadProgram("unknown function '" + function + "'");
}

Json ExecutorProgram::kept(Future future) {
  // Perhaps it is broken already: whether submit or the future says so is not determined.
  if (fails_) return future.result();
  return add(std::move(future));
}

template <class Results>
Json ExecutorProgram::collect(Results results) {
  Json seen = Json::array();
  try {
    for (const int result : results) seen.push_back(result);
  } catch (const std::exception&) {
    return {seen, described(std::current_exception())};
  }
  return {seen, nullptr};
}

Json ExecutorProgram::map(const Step& step) {
  const auto function = step.argument<std::string>(0);
  if (fails_) return false;  // how far it comes is not determined
  futures::MapOptions options{.chunksize = step.options.value("chunksize", std::size_t{1})};
  if (gate_) options.timeout = std::chrono::seconds(0);
  const auto first = step.argument<std::vector<int>>(1);
  if (function == "double") return collect(executor_->map(twice, first, options));
  if (function == "fail-odd") return collect(executor_->map(fail_odd, first, options));
  if (function != "add") throw BadProgram("unknown function '" + function + "'");
  return collect(executor_->map(sum, first, step.argument<std::vector<int>>(2), options));
}

bool ExecutorProgram::close_gate() {
  if (gate_ || fails_) return false;
  settle();
  const auto gate = std::make_shared<Gate>(workers_);
  at_gate_.clear();
  try {
    for (int i = 0; i < workers_; ++i)
      at_gate_.push_back(executor_->submit([gate] { gate->wait(); }));
  } catch (const RuntimeError&) {
    return false;
  }
  gate->wait_until_all_run();
  gate_ = gate;
  return true;
}

void ExecutorProgram::open_gate() {
  if (gate_) gate_->open();
  gate_.reset();
  settle();
}

void ExecutorProgram::shutdown(const Json& options) {
  const bool cancel_futures = options.value("cancel_futures", false);
  executor_->shutdown(
      {.wait = options.value("wait", true) && !gate_, .cancel_futures = cancel_futures});
  if (!cancel_futures) return;
  for (const Future& future : all())
    if (future.cancelled()) dropped_.insert(future);
}

// Waits, when the gate is open, until every task has ended or been passed over.
void ExecutorProgram::settle() {
  if (gate_) return;
  std::vector<futures::AnyFuture> undecided(at_gate_.begin(), at_gate_.end());
  for (const Future& future : all())
    if (!is_left_out(future)) undecided.push_back(future);
  futures::wait(undecided);
}

void ExecutorProgram::close() {
  if (!executor_) return;
  if (gate_) gate_->open();
  gate_.reset();
  executor_->shutdown();
}

Json ExecutorProgram::endings() {
  close();
  Json endings = Json::array();
  for (const Future& future : all()) {
    if (future.cancelled())
      endings.push_back("cancelled");
    else if (const std::exception_ptr error = future.exception())
      endings.push_back({{"exception", described(error)}});
    else
      endings.push_back(future.result());
  }
  return endings;
}

}  // namespace

Json run_executor(const Json& program) {
  Json observations = Json::array();
  std::unique_ptr<ExecutorProgram> run;
  const Json made = observed([&] {
    run = std::make_unique<ExecutorProgram>(program);
    return Json();
  });
  if (!run) return Json::array({made});
  for (const Json& operation : program.at("operations"))
    observations.push_back(run->observe(Step(operation)));
  observations.push_back(run->endings());
  return observations;
}

}  // namespace tandem::conformance
