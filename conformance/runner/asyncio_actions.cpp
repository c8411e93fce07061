// What operations do without waiting.
#include <cstddef>

#include "asyncio_program.hpp"

namespace tandem::conformance::asyncio_programs {
namespace {

contextvars::ContextVar<int> a_variable("variable", 0);

}  // namespace

Json Run::cancel(Arguments arguments) {
  return entry(arguments.index(0)).future.cancel(arguments.text(1));
}

Json Run::done(Arguments arguments) { return entry(arguments.index(0)).future.done(); }

Json Run::cancelled(Arguments arguments) { return entry(arguments.index(0)).future.cancelled(); }

Json Run::result(Arguments arguments) {
  return std::visit([](const auto& future) { return shown(future.result()); },
                    entry(arguments.index(0)).typed);
}

Json Run::exception(Arguments arguments) {
  const std::exception_ptr error = entry(arguments.index(0)).future.exception();
  return error ? Json{{"exception", error_shown(error)}} : Json();
}

Json Run::new_future(Arguments) {
  const auto future = loop_->create_future<int>();
  return keep({Entry::Kind::future, future, nowhere, future});
}

Json Run::set_result(Arguments arguments) {
  promise(arguments.index(0)).set_result(arguments.number(1));
  return nullptr;
}

Json Run::set_exception(Arguments arguments) {
  promise(arguments.index(0)).set_exception(ValueError(arguments.text(1)));
  return nullptr;
}

Json Run::add_done_callback(Arguments arguments) {
  const asyncio::AnyFuture future = entry(arguments.index(0)).future;
  const std::size_t label = callbacks_.size();
  const bool raises = arguments.flag(1);
  const auto callback = [this, label, raises](const asyncio::AnyFuture& done) {
    event({"callback", label, done == callbacks_[label].first});  // its own would keep it for ever
    if (raises) throw ValueError("callback " + std::to_string(label));
  };
  callbacks_.emplace_back(future, future.add_done_callback(callback));
  return label;
}

Json Run::remove_done_callback(Arguments arguments) {
  if (callbacks_.empty()) throw NoFuture();
  const auto& [future, token] = callbacks_[arguments.index(0) % callbacks_.size()];
  return future.remove_done_callback(token);
}

Json Run::call_soon(Arguments arguments) {
  const std::size_t label = handles_.size();
  handles_.push_back(
      loop_->call_soon([this, label, action = arguments.value(0)] { called(label, action); }));
  return label;
}

Json Run::call_later(Arguments arguments) {
  const std::size_t label = handles_.size();
  const auto call = [this, label, action = arguments.value(1)] { called(label, action); };
  handles_.push_back(loop_->call_later(arguments.delay(0), call));
  return label;
}

Json Run::call_at(Arguments arguments) {
  const std::size_t label = handles_.size();
  const auto call = [this, label, action = arguments.value(1)] { called(label, action); };
  handles_.push_back(loop_->call_at(start_ + arguments.delay(0), call));
  return label;
}

void Run::called(std::size_t label, const Json* action) {
  event({"called", label});
  const Json arguments(action->begin() + 1, action->end());
  const Method& method = method_of(action->at(0), arguments.size());
  Json value;
  try {
    value = (this->*std::get<Action>(method.run))(Arguments(&arguments));
  } catch (const NoFuture&) {
  }
  event({"did", label, std::move(value)});
}

const asyncio::Handle& Run::handle(std::size_t number) const {
  if (handles_.empty()) throw NoFuture();
  return handles_[number % handles_.size()];
}

Json Run::cancel_handle(Arguments arguments) {
  handle(arguments.index(0)).cancel();
  return nullptr;
}

Json Run::handle_cancelled(Arguments arguments) { return handle(arguments.index(0)).cancelled(); }

Json Run::event_set(Arguments arguments) {
  signals_[arguments.index(0)].set();
  return nullptr;
}

Json Run::event_clear(Arguments arguments) {
  signals_[arguments.index(0)].clear();
  return nullptr;
}

Json Run::put_nowait(Arguments arguments) {
  queues_.at(arguments.index(0))->put_nowait(arguments.number(1));
  return nullptr;
}

Json Run::get_nowait(Arguments arguments) { return queues_.at(arguments.index(0))->get_nowait(); }

Json Run::task_done(Arguments arguments) {
  queues_.at(arguments.index(0))->task_done();
  return nullptr;
}

Json Run::qsize(Arguments arguments) {
  const auto& queue = *queues_.at(arguments.index(0));
  return Json::array({queue.qsize(), queue.full()});
}

Json Run::shutdown(Arguments arguments) {
  queues_.at(arguments.index(0))->shutdown(arguments.flag(1));
  return nullptr;
}

Json Run::release(Arguments) {
  locks_[1].release();
  return nullptr;
}

Json Run::locked(Arguments) {
  return Json::array({locks_[0].locked(), locks_[1].locked(), plain_.locked(), bounded_.locked(),
                      conditions_[0].locked(), conditions_[1].locked()});
}

Json Run::sem_release(Arguments arguments) {
  if (arguments.number(0) == 0)
    plain_.release();
  else
    bounded_.release();
  return nullptr;
}

Json Run::cond_release(Arguments) {
  conditions_[1].release();
  return nullptr;
}

Json Run::cell(Arguments arguments) {
  cells_[arguments.index(0)] = arguments.number(1);
  return nullptr;
}

Json Run::variable(Arguments) { return a_variable.get(); }

Json Run::set_variable(Arguments arguments) {
  a_variable.set(arguments.number(0));
  return nullptr;
}

Json Run::tasks(Arguments) { return asyncio::all_tasks(*loop_).size(); }

Json Run::raise(Arguments arguments) { throw ValueError(arguments.text(0)); }

Json Run::create_task(Scope scope, Arguments arguments) {
  return start_task(below(scope, arguments.index(0)));
}

Json Run::group_create(Scope scope, Arguments arguments) {
  return start_task(below(scope, arguments.index(0)), scope.group);
}

Json Run::cancelling(Scope, Arguments) { return asyncio::current_task()->cancelling(); }

Json Run::uncancel(Scope, Arguments) { return asyncio::current_task()->uncancel(); }

Json Run::gather_kept(Scope, Arguments arguments) {
  std::vector<asyncio::Future<int>> some;
  std::size_t reach = nowhere;
  for (const std::size_t number : arguments.indices(0)) {
    const Entry& child = of_numbers(number);
    some.push_back(child.numbers());
    reach = std::min(reach, child.reach);
  }
  const auto kept = [&](const auto& future) {
    return keep({Entry::Kind::gather, future, reach, future});
  };
  return arguments.flag(1) ? kept(asyncio::gather(asyncio::return_exceptions, some))
                           : kept(asyncio::gather(some));
}

Json Run::shield_kept(Scope, Arguments arguments) {
  const auto future = asyncio::shield(of_numbers(arguments.index(0)).numbers());
  return keep({Entry::Kind::shield, future, nowhere, future});
}

Json Run::reschedule(Scope scope, Arguments arguments) {
  if (!scope.timeout) throw NoFuture();
  std::optional<std::chrono::duration<double>> when;
  if (!arguments.value(0)->is_null()) when = loop_->time() + arguments.delay(0);
  scope.timeout->reschedule(when);
  return nullptr;
}

Json Run::expired(Scope scope, Arguments) {
  if (!scope.timeout) throw NoFuture();
  const auto when = scope.timeout->when();
  return Json::array(
      {scope.timeout->expired(), when ? Json(std::lround((*when - start_) / unit)) : Json()});
}

Json Run::notify(Scope scope, Arguments arguments) {
  condition(scope).notify(static_cast<std::ptrdiff_t>(arguments.index(0)));
  return nullptr;
}

Json Run::notify_all(Scope scope, Arguments) {
  condition(scope).notify_all();
  return nullptr;
}

void Run::add_actions(std::map<std::string, Method>& methods) {
  methods.insert({{"cancel", {2, &Run::cancel}},
                  {"done", {1, &Run::done}},
                  {"cancelled", {1, &Run::cancelled}},
                  {"result", {1, &Run::result}},
                  {"exception", {1, &Run::exception}},
                  {"new_future", {0, &Run::new_future}},
                  {"set_result", {2, &Run::set_result}},
                  {"set_exception", {2, &Run::set_exception}},
                  {"add_done_callback", {2, &Run::add_done_callback}},
                  {"remove_done_callback", {1, &Run::remove_done_callback}},
                  {"call_soon", {1, &Run::call_soon}},
                  {"call_later", {2, &Run::call_later}},
                  {"call_at", {2, &Run::call_at}},
                  {"cancel_handle", {1, &Run::cancel_handle}},
                  {"handle_cancelled", {1, &Run::handle_cancelled}},
                  {"event_set", {1, &Run::event_set}},
                  {"event_clear", {1, &Run::event_clear}},
                  {"put_nowait", {2, &Run::put_nowait}},
                  {"get_nowait", {1, &Run::get_nowait}},
                  {"task_done", {1, &Run::task_done}},
                  {"qsize", {1, &Run::qsize}},
                  {"shutdown", {2, &Run::shutdown}},
                  {"release", {0, &Run::release}},
                  {"locked", {0, &Run::locked}},
                  {"sem_release", {1, &Run::sem_release}},
                  {"cond_release", {0, &Run::cond_release}},
                  {"cell", {2, &Run::cell}},
                  {"variable", {0, &Run::variable}},
                  {"set_variable", {1, &Run::set_variable}},
                  {"tasks", {0, &Run::tasks}},
                  {"raise", {1, &Run::raise}}});
}

void Run::add_quick(std::map<std::string, Method>& methods) {
  methods.insert({{"create_task", {1, &Run::create_task}},
                  {"group_create", {1, &Run::group_create}},
                  {"cancelling", {0, &Run::cancelling}},
                  {"uncancel", {0, &Run::uncancel}},
                  {"gather_kept", {2, &Run::gather_kept}},
                  {"shield_kept", {1, &Run::shield_kept}},
                  {"reschedule", {1, &Run::reschedule}},
                  {"expired", {0, &Run::expired}},
                  {"notify", {1, &Run::notify}},
                  {"notify_all", {0, &Run::notify_all}}});
}

}  // namespace tandem::conformance::asyncio_programs
