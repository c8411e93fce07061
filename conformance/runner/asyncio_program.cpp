#include "asyncio_program.hpp"

#include <cmath>
#include <tandem/core/exception_group.hpp>

namespace tandem::conformance::asyncio_programs {

// -- the whole

Run::Run(const Json& program) : bodies_(bodies), is_eager_(program.value("eager", false)) {
  std::size_t position = 0;
  for (const Json& whole : program.at("operations")) {
    const auto body = whole.at(0).get<std::size_t>() % bodies_.size();
    const Step step(Json(whole.begin() + 1, whole.end()));
    method_of(step.name, step.arguments.size());
    bodies_[body].push_back(
        {position++, step.name, step.arguments, step.options.value("catch", 0)});
  }
  queues_.push_back(std::make_unique<asyncio::Queue<int>>());
  queues_.push_back(std::make_unique<asyncio::Queue<int>>(1));
  queues_.push_back(std::make_unique<asyncio::LifoQueue<int>>(2));
  queues_.push_back(std::make_unique<asyncio::PriorityQueue<int>>(2));
}

const std::map<std::string, Run::Method>& Run::methods() {
  static const std::map<std::string, Method> all = [] {
    std::map<std::string, Method> made;
    add_actions(made);
    add_quick(made);
    add_waiting(made);
    return made;
  }();
  return all;
}

const Run::Method& Run::method_of(const Json& name, std::size_t arguments) {
  static const Method return_value{1, &Run::raise};  // a body does it by itself
  const auto found = methods().find(name.get<std::string>());
  if (found == methods().end() && name != "return")
    throw BadProgram("unknown operation '" + name.get<std::string>() + "'");
  const Method& method = name == "return" ? return_value : found->second;
  if (method.arguments != arguments)
    throw BadProgram("wrong arguments of '" + name.get<std::string>() + "'");
  return method;
}

Json Run::run() {
  asyncio::run(drive(), {.loop_factory = asyncio::detail::virtual_time_loop});
  return events_;
}

asyncio::Coroutine<> Run::drive() {
  loop_ = asyncio::get_running_loop();
  start_ = loop_->time();
  loop_->set_exception_handler([this](const auto&, const asyncio::ExceptionContext& context) {
    if (context.message.starts_with("Exception in callback"))
      event({"report", error_shown(context.exception)});
  });
  if (is_eager_) loop_->set_task_factory(asyncio::eager_task_factory);
  start_task(0);
  const std::vector<asyncio::AnyFuture> main{entries_[0]->future};
  const asyncio::WaitOptions options{.timeout = patience * unit};
  co_await asyncio::wait(main, options);
  for (int round = 0; round < most_rounds; ++round)
    if (!co_await end_some()) break;
  Json endings = Json::array();
  for (const auto& entry : entries_)
    if (entry) endings.push_back(ending(*entry));
  event({"end", std::move(endings)});
}

// Cancels what is left, once; whether there was anything.
asyncio::Coroutine<bool> Run::end_some() {
  if (locks_[1].locked()) locks_[1].release();
  if (conditions_[1].locked()) conditions_[1].release();
  const std::vector<asyncio::AnyFuture> some = left();
  if (some.empty()) co_return false;
  event({"cancel", some.size()});
  for (const auto& task : some) task.cancel();
  const asyncio::WaitOptions options{.timeout = patience * unit};
  co_await asyncio::wait(some, options);
  co_return true;
}

std::vector<asyncio::AnyFuture> Run::left() const {
  std::vector<asyncio::AnyFuture> some;
  const auto add = [&](const asyncio::AnyFuture& task) {
    if (!task.done() && std::find(some.begin(), some.end(), task) == some.end())
      some.push_back(task);
  };
  for (const auto& entry : entries_)
    if (entry && entry->kind == Entry::Kind::task) add(entry->future);
  for (const auto& task : strays_) add(task);
  return some;
}

Json Run::ending(const Entry& entry) const {
  if (!entry.future.done()) return "pending";
  if (entry.future.cancelled()) return "cancelled";
  if (const std::exception_ptr error = entry.future.exception())
    return {{"exception", error_shown(error)}};
  return std::visit([](const auto& future) { return shown(future.result()); }, entry.typed);
}

void Run::event(Json what) {
  if (is_full()) return;
  const double units = (loop_->time() - start_) / unit;
  what.insert(what.begin(), std::lround(units));
  events_.push_back(std::move(what));
}

Json error_shown(const std::exception_ptr& error) {
  Json parts = described(error);
  const auto text = parts[1].get<std::string>();
  parts[1] = text.substr(0, text.find('<'));
  const auto add_parts = [&](const auto& group) {
    parts.push_back(Json::array());
    for (const std::exception_ptr& part : group.exceptions()) parts[2].push_back(error_shown(part));
  };
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    add_parts(group);
  } catch (const BaseExceptionGroup& group) {
    add_parts(group);
  } catch (...) {
  }
  return parts;
}

// -- bodies

asyncio::Coroutine<int> Run::body(int index, Scope scope) {
  if (begun_ == most_begun || is_full()) co_return -1;
  if (scope.is_unknown) strays_.push_back(*asyncio::current_task());
  scope.is_unknown = false;
  scope.body = index;
  scope.instance = begun_++;
  event({"begin", scope.instance, index});
  struct Leave {
    Run& run;
    int instance;
    ~Leave() { run.event({"leave", instance}); }
  } const leave{*this, scope.instance};
  for (const Operation& operation : bodies_[static_cast<std::size_t>(index)]) {
    if (operation.name == "return") {
      event({scope.instance, operation.position, "return"});
      co_return operation.arguments.at(0).get<int>();
    }
    if (!is_full()) co_await perform(scope, &operation);
  }
  co_return scope.instance;
}

asyncio::Coroutine<> Run::perform(Scope scope, const Operation* operation) {
  const Method& method = method_of(operation->name, operation->arguments.size());
  const Arguments arguments(&operation->arguments);
  Json value;
  std::exception_ptr error;
  bool is_caught = operation->catches > 0;
  try {
    if (const auto* action = std::get_if<Action>(&method.run))
      value = (this->**action)(arguments);
    else if (const auto* quick = std::get_if<Quick>(&method.run))
      value = (this->**quick)(scope, arguments);
    else
      value = co_await (this->*std::get<Waiting>(method.run))(scope, arguments);
  } catch (const NoFuture&) {
  } catch (const std::exception&) {
    error = std::current_exception();
  } catch (...) {
    error = std::current_exception();
    is_caught = operation->catches > 1;
  }
  if (error) value = {{"raised", error_shown(error)}};
  event({scope.instance, operation->position, std::move(value)});
  if (error && !is_caught) std::rethrow_exception(error);
}

// A body after the one that runs: no body comes to itself.
int Run::below(const Scope& scope, std::size_t index) {
  const int after = scope.body + 1;
  if (after == bodies) throw NoFuture();
  return after + static_cast<int>(index) % (bodies - after);
}

Json Run::start_task(int index, asyncio::TaskGroup* group) {
  const std::size_t number = entries_.size();
  entries_.emplace_back();
  const Scope scope{.own = number, .group = group};
  const auto task =
      group ? group->create_task(body(index, scope)) : loop_->create_task(body(index, scope));
  entries_[number] = Entry{Entry::Kind::task, task, number, task};
  return Json::array({number});
}

Json Run::keep(Entry entry) {
  entries_.emplace_back(std::move(entry));
  return entries_.size() - 1;
}

// -- what waits

asyncio::Coroutine<Json> Run::sleep(Scope, Arguments arguments) {
  co_return co_await asyncio::sleep(arguments.delay(0), arguments.number(0));
}

asyncio::Coroutine<Json> Run::turns(Scope scope, Arguments arguments) {
  for (int turn = 0; turn < arguments.number(0); ++turn) {
    co_await asyncio::sleep(std::chrono::seconds(0));
    event({scope.instance, "turn", turn});
  }
  co_return nullptr;
}

asyncio::Coroutine<Json> Run::await(Scope scope, Arguments arguments) {
  const auto typed = awaitable(scope, arguments.index(0), true).typed;
  if (const auto* numbers = std::get_if<0>(&typed)) co_return shown(co_await *numbers);
  if (const auto* list = std::get_if<1>(&typed)) co_return shown(co_await *list);
  co_return shown(co_await std::get<2>(typed));
}

asyncio::Coroutine<Json> Run::await_itself(Scope, Arguments) {
  const asyncio::AnyFuture task = *asyncio::current_task();
  for (auto& entry : entries_) {
    if (!entry || !(entry->future == task) || entry->has_awaited_itself) continue;
    entry->has_awaited_itself = true;
    const auto itself = entry->numbers();
    co_return co_await itself;
  }
  throw NoFuture();
}

asyncio::Coroutine<Json> Run::call(Scope scope, Arguments arguments) {
  co_return co_await body(below(scope, arguments.index(0)), scope);
}

asyncio::Coroutine<Json> Run::gather(Scope scope, Arguments arguments) {
  const auto some = awaitables(scope, arguments);
  if (arguments.flag(1))
    co_return shown(co_await asyncio::gather(asyncio::return_exceptions, some));
  co_return shown(co_await asyncio::gather(some));
}

asyncio::Coroutine<Json> Run::gather_bodies(Scope scope, Arguments arguments) {
  std::vector<int> some;
  for (const std::size_t index : arguments.indices(0)) some.push_back(below(scope, index));
  std::vector<asyncio::Coroutine<int>> all;
  const Scope inner{.own = scope.own, .is_unknown = true};
  for (const int index : some) all.push_back(body(index, inner));
  if (arguments.flag(1))
    co_return shown(co_await asyncio::gather(asyncio::return_exceptions, std::move(all)));
  co_return shown(co_await asyncio::gather(std::move(all)));
}

asyncio::Coroutine<Json> Run::shield(Scope, Arguments arguments) {
  const auto inner = of_numbers(arguments.index(0)).numbers();
  co_return co_await asyncio::shield(inner);
}

asyncio::Coroutine<Json> Run::shield_body(Scope scope, Arguments arguments) {
  const Scope inner{.own = scope.own, .is_unknown = true};
  co_return co_await asyncio::shield(body(below(scope, arguments.index(0)), inner));
}

asyncio::Coroutine<Json> Run::wait(Scope, Arguments arguments) {
  std::vector<asyncio::AnyFuture> some;
  for (const std::size_t number : arguments.indices(0)) some.push_back(entry(number).future);
  constexpr asyncio::ReturnWhen whens[] = {asyncio::ALL_COMPLETED, asyncio::FIRST_COMPLETED,
                                           asyncio::FIRST_EXCEPTION};
  const asyncio::WaitOptions options{.timeout = arguments.timeout(1),
                                     .return_when = whens[arguments.index(2)]};
  const auto [done, pending] = co_await asyncio::wait(some, options);
  co_return Json::array({indices(done), indices(pending)});
}

asyncio::Coroutine<Json> Run::wait_for(Scope scope, Arguments arguments) {
  const auto future = awaitable(scope, arguments.index(0)).numbers();
  co_return co_await asyncio::wait_for(future, arguments.timeout(1));
}

asyncio::Coroutine<Json> Run::wait_for_body(Scope scope, Arguments arguments) {
  scope.is_unknown = true;  // eager tasks run before they are cancelled
  co_return co_await asyncio::wait_for(body(below(scope, arguments.index(0)), scope),
                                       arguments.timeout(1));
}

asyncio::Coroutine<Json> Run::as_completed(Scope scope, Arguments arguments) {
  // Of those that are done already, one: the order of a set is not told.
  std::vector<asyncio::Future<int>> some;
  const auto is_done = [](const auto& future) { return future.done(); };
  for (const std::size_t number : arguments.indices(0)) {
    const auto& future = of_numbers(number).numbers();
    const bool is_another = std::find(some.begin(), some.end(), future) == some.end();
    if (is_another && !(future.done() && std::any_of(some.begin(), some.end(), is_done)))
      some.push_back(future);
  }
  int step = 0;
  for (auto&& completed : asyncio::as_completed(some, arguments.timeout(1))) {
    Json value;
    try {
      value = co_await std::move(completed);
    } catch (const std::exception&) {
      value = {{"exception", error_shown(std::current_exception())}};
    }
    event({scope.instance, "completed", step++, std::move(value)});
  }
  co_return nullptr;
}

asyncio::Coroutine<Json> Run::timeout(Scope scope, Arguments arguments) {
  const int index = below(scope, arguments.index(1));
  asyncio::Timeout timeout = asyncio::timeout(arguments.timeout(0));
  scope.timeout = &timeout;
  const auto inner = [this, index, scope] { return body(index, scope); };
  co_return co_await asyncio::with(timeout, inner);
}

asyncio::Coroutine<Json> Run::timeout_at(Scope scope, Arguments arguments) {
  const int index = below(scope, arguments.index(1));
  asyncio::Timeout timeout = asyncio::timeout_at(start_ + arguments.delay(0));
  scope.timeout = &timeout;
  const auto inner = [this, index, scope] { return body(index, scope); };
  co_return co_await asyncio::with(timeout, inner);
}

asyncio::Coroutine<Json> Run::group(Scope scope, Arguments arguments) {
  const int index = below(scope, arguments.index(0));
  asyncio::TaskGroup group;
  scope.group = &group;
  const auto inner = [this, index, scope] { return body(index, scope); };
  co_return co_await asyncio::with(group, inner);
}

asyncio::Coroutine<Json> Run::with_lock(Scope scope, Arguments arguments) {
  const int index = below(scope, arguments.index(0));
  const auto guard = co_await asyncio::with(locks_[0]);
  co_return co_await body(index, scope);
}

asyncio::Coroutine<Json> Run::acquire(Scope, Arguments) { co_return co_await locks_[1].acquire(); }

asyncio::Coroutine<Json> Run::with_semaphore(Scope scope, Arguments arguments) {
  const int index = below(scope, arguments.index(0));
  const auto guard = co_await asyncio::with(plain_);
  co_return co_await body(index, scope);
}

asyncio::Coroutine<Json> Run::sem_acquire(Scope, Arguments arguments) {
  if (arguments.number(0) == 0) co_return co_await plain_.acquire();
  co_return co_await bounded_.acquire();
}

asyncio::Coroutine<Json> Run::with_condition(Scope scope, Arguments arguments) {
  const int index = below(scope, arguments.index(0));
  scope.in_condition = true;
  const auto guard = co_await asyncio::with(conditions_[0]);
  co_return co_await body(index, scope);
}

asyncio::Coroutine<Json> Run::cond_acquire(Scope, Arguments) {
  co_return co_await conditions_[1].acquire();
}

asyncio::Coroutine<Json> Run::cond_wait(Scope scope, Arguments) {
  co_return co_await condition(scope).wait();
}

asyncio::Coroutine<Json> Run::cond_wait_for(Scope scope, Arguments arguments) {
  const auto is_enough = [cell = &cells_[arguments.index(0)], least = arguments.number(1)] {
    return *cell >= least;
  };
  co_return co_await condition(scope).wait_for(is_enough);
}

asyncio::Coroutine<Json> Run::event_wait(Scope, Arguments arguments) {
  co_return co_await signals_[arguments.index(0)].wait();
}

asyncio::Coroutine<Json> Run::barrier_wait(Scope, Arguments arguments) {
  co_return co_await (arguments.number(0) == 0 ? pair_ : three_).wait();
}

asyncio::Coroutine<Json> Run::barrier_reset(Scope, Arguments arguments) {
  co_await (arguments.number(0) == 0 ? pair_ : three_).reset();
  co_return nullptr;
}

asyncio::Coroutine<Json> Run::barrier_abort(Scope, Arguments arguments) {
  co_await (arguments.number(0) == 0 ? pair_ : three_).abort();
  co_return nullptr;
}

asyncio::Coroutine<Json> Run::put(Scope, Arguments arguments) {
  co_await queues_.at(arguments.index(0))->put(arguments.number(1));
  co_return nullptr;
}

asyncio::Coroutine<Json> Run::get(Scope, Arguments arguments) {
  co_return co_await queues_.at(arguments.index(0))->get();
}

asyncio::Coroutine<Json> Run::join(Scope, Arguments arguments) {
  co_await queues_.at(arguments.index(0))->join();
  co_return nullptr;
}

void Run::add_waiting(std::map<std::string, Method>& methods) {
  methods.insert({{"sleep", {1, &Run::sleep}},
                  {"turns", {1, &Run::turns}},
                  {"await", {1, &Run::await}},
                  {"await_itself", {0, &Run::await_itself}},
                  {"call", {1, &Run::call}},
                  {"gather", {2, &Run::gather}},
                  {"gather_bodies", {2, &Run::gather_bodies}},
                  {"shield", {1, &Run::shield}},
                  {"shield_body", {1, &Run::shield_body}},
                  {"wait", {3, &Run::wait}},
                  {"wait_for", {2, &Run::wait_for}},
                  {"wait_for_body", {2, &Run::wait_for_body}},
                  {"as_completed", {2, &Run::as_completed}},
                  {"timeout", {2, &Run::timeout}},
                  {"timeout_at", {2, &Run::timeout_at}},
                  {"group", {1, &Run::group}},
                  {"with_lock", {1, &Run::with_lock}},
                  {"acquire", {0, &Run::acquire}},
                  {"with_semaphore", {1, &Run::with_semaphore}},
                  {"sem_acquire", {1, &Run::sem_acquire}},
                  {"with_condition", {1, &Run::with_condition}},
                  {"cond_acquire", {0, &Run::cond_acquire}},
                  {"cond_wait", {0, &Run::cond_wait}},
                  {"cond_wait_for", {2, &Run::cond_wait_for}},
                  {"event_wait", {1, &Run::event_wait}},
                  {"barrier_wait", {1, &Run::barrier_wait}},
                  {"barrier_reset", {1, &Run::barrier_reset}},
                  {"barrier_abort", {1, &Run::barrier_abort}},
                  {"put", {2, &Run::put}},
                  {"get", {1, &Run::get}},
                  {"join", {1, &Run::join}}});
}

}  // namespace tandem::conformance::asyncio_programs

namespace tandem::conformance {

Json run_asyncio(const Json& program) { return asyncio_programs::Run(program).run(); }

}  // namespace tandem::conformance
