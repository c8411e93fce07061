#include <bit>
#include <exception>
#include <stdexcept>
#include <tandem/core/log.hpp>
#include <tandem/futures.hpp>

#include "explored.hpp"

namespace tandem::conformance {
namespace {

enum FutureVerb : Verb {
  set_result,
  set_exception,
  cancel,
  start,
  done,
  running,
  cancelled,
  result,
  result_timed,
  add_callback
};
const std::vector<std::string> verbs{"set_result",   "set_exception", "cancel",    "start",
                                     "done",         "running",       "cancelled", "result",
                                     "result_timed", "add_callback"};

enum Result : std::int64_t { timed_out, value, error, none };  // of result()

struct FutureModel {
  enum State { pending, running_, cancelled_, notified, finished } state = pending;
  std::int64_t outcome = none;

  bool is_done() const { return state >= cancelled_; }
  bool apply(const Call& call) {
    switch (call.verb) {
      case set_result:
        return finish(call, value);
      case set_exception:
        return finish(call, error);
      case cancel:
        if (state == pending) state = cancelled_;
        return call.result == (state == cancelled_ || state == notified);
      case start:
        return start_running(call);
      case done:
        return call.result == is_done();
      case running:
        return call.result == (state == running_);
      case cancelled:
        return call.result == (state == cancelled_ || state == notified);
      case add_callback:
        return true;
      default:
        if (!is_done()) return call.verb == result_timed && call.result == timed_out;
        return call.result == outcome;
    }
  }
  bool lets_go_on(const Call& call) const { return call.verb != result || is_done(); }
  std::string key() const { return std::to_string(state) + ":" + std::to_string(outcome); }

 private:
  bool finish(const Call& call, std::int64_t what) {
    if (is_done()) return call.result == raised;
    state = finished;
    outcome = what;
    return call.result == 0;
  }
  bool start_running(const Call& call) {
    const State before = state;
    if (before == pending) state = running_;
    if (before == cancelled_) state = notified;
    return call.result == (before == pending ? 1 : before == cancelled_ ? 0 : raised);
  }
};

class TestedFuture final : public Modelled<FutureModel> {
 public:
  explicit TestedFuture(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&] { return performed(verb); });
  }
  std::string verdict(const scheduled::Record& record) override {
    std::string why = Modelled::verdict(record);
    for (const int times : called_)
      if (why.empty() && times != (future_.done() ? 1 : 0))
        why = "a callback was called " + std::to_string(times) + " times";
    return why;
  }

 private:
  std::int64_t performed(Verb verb) {
    switch (verb) {
      case set_result:
        return result_or_raised<futures::InvalidStateError>(
            [&] { return future_.set_result(1), 0; });
      case set_exception:
        return result_or_raised<futures::InvalidStateError>([&] {
          return future_.set_exception(std::make_exception_ptr(std::logic_error(""))), 0;
        });
      case cancel:
        return future_.cancel();
      case start:
        return result_or_raised<RuntimeError>(
            [&]() -> std::int64_t { return future_.set_running_or_notify_cancel(); });
      case done:
        return future_.done();
      case running:
        return future_.running();
      case cancelled:
        return future_.cancelled();
      case result:
        return wait({});
      case result_timed:
        return wait(virtual_timeout);
      default:
        called_.push_back(0);
        future_.add_done_callback(
            [this, index = called_.size() - 1](const futures::Future<int>&) { ++called_[index]; });
        return 0;
    }
  }
  std::int64_t wait(Timeout limit) {
    try {
      return future_.result(limit) == 1 ? value : raised;
    } catch (const futures::TimeoutError&) {
      return timed_out;
    } catch (const futures::CancelledError&) {
      return none;
    } catch (const std::logic_error&) {
      return error;
    }
  }

  std::vector<int> called_;  // how often, of each callback
  futures::Future<int> future_;
};

const Target future_target = target_of<TestedFuture>("Future", verbs);

// A future that is started twice says so in the log.
class FutureSchedules : public testing::Test {
 protected:
  FutureSchedules() : before_(log_sink([](std::string_view) {})) {}
  ~FutureSchedules() override { log_sink(before_); }

 private:
  LogSink before_;
};

TEST_F(FutureSchedules, Explored) { explore(future_target); }
TEST_F(FutureSchedules, SpuriousWakes) {
  explore(future_target, {.options = {.spurious_wakes = true}});
}
TEST_F(FutureSchedules, AllSchedules) {
  explore_all(future_target,
              {"result / set_result / cancel", "result_timed add_callback / start set_result",
               "add_callback add_callback / add_callback / set_result", "result / cancel / start",
               "start set_exception / cancel result / add_callback",
               // Told that it has finished, nobody may see it run any more.
               "start set_result / set_exception running / done"});
}

// wait() and as_completed() over two futures.
enum WaitVerb : Verb {
  finish_first,
  finish_second,
  fail_second,
  wait_first,
  wait_failed,
  wait_all,
  wait_timed,
  each_completed
};

// The result of wait() is how many were done at one moment.
struct TwoModel {
  unsigned done = 0;
  bool has_failed = false;

  bool apply(const Call& call) {
    if (call.verb > fail_second)
      return lets_go_on(call) && call.result == (call.verb == each_completed ? 2 : done_count());
    const unsigned bit = call.verb == finish_first ? 1U : 2U;
    if (done & bit) return call.result == raised;
    done |= bit;
    has_failed |= call.verb == fail_second;
    return call.result == 0;
  }
  bool lets_go_on(const Call& call) const {
    if (call.verb == wait_first) return done != 0;
    if (call.verb == wait_failed) return done == 3 || has_failed;
    return (call.verb != wait_all && call.verb != each_completed) || done == 3;
  }
  std::string key() const { return std::to_string(done) + (has_failed ? "!" : ""); }

 private:
  int done_count() const { return std::popcount(done); }
};

class TestedWait final : public Modelled<TwoModel> {
 public:
  explicit TestedWait(const Target& target) : Modelled(target, {}) {}
  void perform(Verb verb, std::size_t thread, std::size_t) override {
    calls.record(thread, verb, [&] { return performed(verb); });
  }

 private:
  std::int64_t performed(Verb verb) {
    switch (verb) {
      case finish_first:
      case finish_second:
        return result_or_raised<futures::InvalidStateError>(
            [&] { return (verb == finish_first ? first_ : second_).set_result(1), 0; });
      case fail_second:
        return result_or_raised<futures::InvalidStateError>([&] {
          return second_.set_exception(std::make_exception_ptr(std::logic_error(""))), 0;
        });
      case wait_first:
        return waited({.return_when = futures::FIRST_COMPLETED});
      case wait_failed:
        return waited({.return_when = futures::FIRST_EXCEPTION});
      case wait_all:
        return waited({});
      case wait_timed:
        return waited({.timeout = virtual_timeout});
      default: {
        std::int64_t count = 0;
        for (const auto& future : futures::as_completed({first_, second_})) count += future.done();
        return count;
      }
    }
  }
  std::int64_t waited(const futures::WaitOptions& options) {
    return static_cast<std::int64_t>(futures::wait({first_, second_}, options).done.size());
  }

  futures::Future<int> first_, second_;
};

const Target wait_target =
    target_of<TestedWait>("wait", {"finish_first", "finish_second", "fail_second", "wait_first",
                                   "wait_failed", "wait_all", "wait_timed", "each_completed"});

TEST(WaitSchedules, Explored) { explore(wait_target); }
TEST(WaitSchedules, SpuriousWakes) { explore(wait_target, {.options = {.spurious_wakes = true}}); }
TEST(WaitSchedules, AllSchedules) {
  explore_all(
      wait_target,
      {"wait_all / finish_first / finish_second", "wait_first / finish_first / finish_second",
       "wait_failed / finish_first / fail_second", "wait_timed / finish_first / finish_second",
       "each_completed / finish_first / finish_second"});
}

}  // namespace
}  // namespace tandem::conformance
