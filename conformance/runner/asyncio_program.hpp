// A program of asyncio, on virtual time: the counterpart of reference/asyncio_program.py, line by
// line.
#pragma once
#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tandem/asyncio.hpp>
#include <tandem/contextvars.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "programs.hpp"

namespace tandem::conformance::asyncio_programs {

inline constexpr int bodies = 6;
inline constexpr std::chrono::duration<double> unit{0.25};  // sums of it are exact
inline constexpr int patience = 4000;                       // units
inline constexpr int most_begun = 100, most_rounds = 100;
inline constexpr std::size_t most_events = 600;
inline constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

// What follows the name in an operation. Views what the program owns: coroutines may keep it.
class Arguments {
 public:
  explicit Arguments(const Json* list) : list_(list) {}
  int number(std::size_t i) const { return list_->at(i).get<int>(); }
  std::size_t index(std::size_t i) const { return list_->at(i).get<std::size_t>(); }
  bool flag(std::size_t i) const { return number(i) != 0; }
  std::string text(std::size_t i) const { return list_->at(i).get<std::string>(); }
  std::vector<std::size_t> indices(std::size_t i) const {
    return list_->at(i).get<std::vector<std::size_t>>();
  }
  std::chrono::duration<double> delay(std::size_t i) const { return number(i) * unit; }
  Timeout timeout(std::size_t i) const {
    return list_->at(i).is_null() ? Timeout() : Timeout(delay(i));
  }
  const Json* value(std::size_t i) const { return &list_->at(i); }

 private:
  const Json* list_;
};

struct Operation {
  std::size_t position;
  std::string name;
  Json arguments;
  int catches;  // 1: exceptions; 2: also those that are none of std's
};

using Outcome = asyncio::Outcome<int>;

// A future that operations address.
struct Entry {
  enum class Kind { task, future, shield, gather };
  Kind kind;
  asyncio::AnyFuture future;
  // The first task that what it waits for may be of. A task waits for those that reach only later
  // ones than itself: a cycle of cancellations would never end.
  std::size_t reach = nowhere;
  std::variant<asyncio::Future<int>, asyncio::Future<std::vector<int>>,
               asyncio::Future<std::vector<Outcome>>>
      typed;
  bool has_awaited_itself = false;  // nobody can await such a task of CPython any more
  const asyncio::Future<int>& numbers() const { return std::get<0>(typed); }
};

// Where a body runs: in which task, and in which blocks of it.
struct Scope {
  std::size_t own = 0;
  asyncio::TaskGroup* group = nullptr;
  asyncio::Timeout* timeout = nullptr;
  bool in_condition = false;
  bool is_unknown = false;  // perhaps the task is none of the entries
  int body = 0, instance = 0;
};

class Run {
 public:
  explicit Run(const Json& program);
  Json run();

 private:
  using Action = Json (Run::*)(Arguments);
  using Quick = Json (Run::*)(Scope, Arguments);
  using Waiting = asyncio::Coroutine<Json> (Run::*)(Scope, Arguments);
  struct Method {
    std::size_t arguments;
    std::variant<Action, Quick, Waiting> run;
  };
  static const std::map<std::string, Method>& methods();
  static void add_actions(std::map<std::string, Method>& methods);
  static void add_quick(std::map<std::string, Method>& methods);
  static void add_waiting(std::map<std::string, Method>& methods);
  static const Method& method_of(const Json& name, std::size_t arguments);

  // The whole.
  asyncio::Coroutine<> drive();
  asyncio::Coroutine<bool> end_some();
  std::vector<asyncio::AnyFuture> left() const;
  Json ending(const Entry& entry) const;
  void event(Json what);
  bool is_full() const { return events_.size() >= most_events; }

  // Bodies.
  asyncio::Coroutine<int> body(int index, Scope scope);
  asyncio::Coroutine<> perform(Scope scope, const Operation* operation);
  static int below(const Scope& scope, std::size_t index);
  Json start_task(int index, asyncio::TaskGroup* group = nullptr);
  Json keep(Entry entry);

  // What is addressed. Throw NoFuture when there is none.
  template <class Allowed>
  const Entry& entry(std::size_t number, Allowed allowed) const {
    std::vector<const Entry*> some;
    for (const auto& entry : entries_)
      if (entry && allowed(*entry)) some.push_back(&*entry);
    if (some.empty()) throw NoFuture();
    return *some[number % some.size()];
  }
  const Entry& entry(std::size_t number) const {
    return entry(number, [](const Entry&) { return true; });
  }
  const Entry& of_numbers(std::size_t number) const {
    return entry(number, [](const Entry& entry) { return entry.kind != Entry::Kind::gather; });
  }
  const Entry& awaitable(const Scope& scope, std::size_t number, bool any = false) const {
    return entry(number, [&](const Entry& entry) {
      const bool is_fit = (any || entry.kind != Entry::Kind::gather) && !entry.has_awaited_itself;
      return is_fit && (entry.reach == nowhere || entry.reach > scope.own);
    });
  }
  const asyncio::Future<int>& promise(std::size_t number) const {
    return entry(number, [](const Entry& entry) { return entry.kind == Entry::Kind::future; })
        .numbers();
  }
  std::vector<asyncio::Future<int>> awaitables(const Scope& scope, Arguments arguments) const {
    std::vector<asyncio::Future<int>> some;
    for (const std::size_t number : arguments.indices(0))
      some.push_back(awaitable(scope, number).numbers());
    return some;
  }
  template <class Futures>
  Json indices(const Futures& futures) const {
    Json found = Json::array();
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (entries_[i] &&
          std::find(futures.begin(), futures.end(), entries_[i]->future) != futures.end())
        found.push_back(i);
    return found;
  }
  asyncio::Condition& condition(const Scope& scope) {
    return conditions_[scope.in_condition ? 0 : 1];
  }

  // Actions: they do not wait, and a callback may run them.
  Json cancel(Arguments arguments);
  Json done(Arguments arguments);
  Json cancelled(Arguments arguments);
  Json result(Arguments arguments);
  Json exception(Arguments arguments);
  Json new_future(Arguments arguments);
  Json set_result(Arguments arguments);
  Json set_exception(Arguments arguments);
  Json add_done_callback(Arguments arguments);
  Json remove_done_callback(Arguments arguments);
  Json call_soon(Arguments arguments);
  Json call_later(Arguments arguments);
  Json call_at(Arguments arguments);
  Json cancel_handle(Arguments arguments);
  Json handle_cancelled(Arguments arguments);
  Json event_set(Arguments arguments);
  Json event_clear(Arguments arguments);
  Json put_nowait(Arguments arguments);
  Json get_nowait(Arguments arguments);
  Json task_done(Arguments arguments);
  Json qsize(Arguments arguments);
  Json shutdown(Arguments arguments);
  Json release(Arguments arguments);
  Json locked(Arguments arguments);
  Json sem_release(Arguments arguments);
  Json cond_release(Arguments arguments);
  Json cell(Arguments arguments);
  Json variable(Arguments arguments);
  Json set_variable(Arguments arguments);
  Json tasks(Arguments arguments);
  Json raise(Arguments arguments);
  void called(std::size_t label, const Json* action);
  const asyncio::Handle& handle(std::size_t number) const;

  // What a body does without waiting.
  Json create_task(Scope scope, Arguments arguments);
  Json group_create(Scope scope, Arguments arguments);
  Json cancelling(Scope scope, Arguments arguments);
  Json uncancel(Scope scope, Arguments arguments);
  Json gather_kept(Scope scope, Arguments arguments);
  Json shield_kept(Scope scope, Arguments arguments);
  Json reschedule(Scope scope, Arguments arguments);
  Json expired(Scope scope, Arguments arguments);
  Json notify(Scope scope, Arguments arguments);
  Json notify_all(Scope scope, Arguments arguments);

  // What waits.
  asyncio::Coroutine<Json> sleep(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> turns(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> await(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> await_itself(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> call(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> gather(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> gather_bodies(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> shield(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> shield_body(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> wait(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> wait_for(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> wait_for_body(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> as_completed(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> timeout(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> timeout_at(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> group(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> with_lock(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> acquire(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> with_semaphore(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> sem_acquire(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> with_condition(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> cond_acquire(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> cond_wait(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> cond_wait_for(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> event_wait(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> barrier_wait(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> barrier_reset(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> barrier_abort(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> put(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> get(Scope scope, Arguments arguments);
  asyncio::Coroutine<Json> join(Scope scope, Arguments arguments);

  std::vector<std::vector<Operation>> bodies_;
  bool is_eager_;
  Json events_ = Json::array();
  int begun_ = 0;
  std::optional<asyncio::EventLoop> loop_;
  std::chrono::duration<double> start_{};

  std::vector<std::optional<Entry>> entries_;  // one of an eager task is empty while that begins
  std::vector<asyncio::AnyFuture> strays_;
  std::vector<asyncio::Handle> handles_;
  std::vector<std::pair<asyncio::AnyFuture, asyncio::CallbackToken>> callbacks_;

  asyncio::Lock locks_[2];
  asyncio::Semaphore plain_{2};
  asyncio::BoundedSemaphore bounded_{1};
  asyncio::Condition conditions_[2];
  int cells_[2] = {0, 0};
  asyncio::Event signals_[2];
  std::vector<std::unique_ptr<asyncio::Queue<int>>> queues_;
  asyncio::Barrier pair_{2}, three_{3};
};

// Name and text, and those of what a group holds; what is beyond a "<" is an address or a state.
Json error_shown(const std::exception_ptr& error);
template <class T>
Json shown(const T& value) {
  if constexpr (std::is_same_v<T, Outcome>)
    return value ? Json(value.result()) : Json{{"exception", error_shown(value.exception())}};
  else
    return value;
}
template <class T>
Json shown(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(shown(value));
  return list;
}

}  // namespace tandem::conformance::asyncio_programs
