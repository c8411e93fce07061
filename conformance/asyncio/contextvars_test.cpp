#include "tandem/contextvars.hpp"

#include <deque>
#include <optional>
#include <thread>

#include "conformance/asyncio/support.hpp"

namespace tandem::conformance {

using contextvars::Context;
using contextvars::ContextVar;

namespace {
// "LookupError" of "LookupError: …"
template <class Act>
std::string kind_raised(Act&& act) {
  const std::string said = raised(act);
  return said.substr(0, said.find(':'));
}
}  // namespace

CASE("asyncio.contextvars.get", "the value that was set last, or its default, or LookupError") {
  const ContextVar<int> with_default("with", 1);
  const ContextVar<int> without("without");
  const std::string nothing = kind_raised([&] { return without.get(); });
  log(with_default.get(), nothing, without.get(2), with_default.get(3));
  with_default.set(4);
  without.set(5);
  log(with_default.get(), without.get(), without.get(6));
  log(with_default.name(), without.name());
}

CASE("asyncio.contextvars.reset", "reset() puts back what was before, also nothing") {
  const ContextVar<int> var("var");
  const auto first = var.set(1);
  const auto second = var.set(2);
  log(!first.old_value(), second.old_value(), true);
  var.reset(second);
  log(var.get());
  var.reset(first);
  log(raised([&] { return var.get(); }).starts_with("LookupError") ? "nothing" : "something");
}

CASE("asyncio.contextvars.token-once", "once, for its variable, in its context") {
  const ContextVar<int> var("var");
  const ContextVar<int> other("other");
  const auto token = var.set(1);
  log(kind_raised([&] { other.reset(token); }));
  log(kind_raised([&] { contextvars::copy_context().run([&] { var.reset(token); }); }));
  var.reset(token);
  log(kind_raised([&] { var.reset(token); }));
}

CASE("asyncio.contextvars.run", "Context.run() calls in that context; what is set stays there") {
  const ContextVar<std::string> var("var", "nothing");
  var.set("outside");
  const Context context = contextvars::copy_context();
  const auto inside = [&var](std::string value) {
    std::string old = var.get();
    var.set(std::move(value));
    return old;
  };
  const std::string first = context.run(inside, "first");
  const std::string second = context.run(inside, "second");
  log(first, second, var.get());
  log(context.at(var));
  const auto fail_after_setting = [&var] {
    var.set("before failing");
    throw ValueError("bad");
  };
  log(raised([&] { context.run(fail_after_setting); }));
  log(context.at(var), var.get());
}

CASE("asyncio.contextvars.run-nested", "contexts nest, but none in itself") {
  const ContextVar<std::string> var("var", "nothing");
  const Context outer;
  const Context inner;
  const auto log_reentry = [&outer] {
    const std::string said = raised([&] { outer.run([] { log("never"); }); });
    log(said.substr(0, said.find(": <")));
  };
  outer.run([&] {
    var.set("outer");
    inner.run([&] {
      log(var.get());
      var.set("inner");
      log_reentry();
    });
    log(var.get());
    log_reentry();
  });
  log(var.get(), outer.at(var), inner.at(var));
}

CASE("asyncio.contextvars.copy", "a copy has the values of that moment, and its own from then on") {
  const ContextVar<int> var("var");
  const ContextVar<int> other("other");
  var.set(1);
  const Context first = contextvars::copy_context();
  const Context second = first.copy();
  first.run([&] { var.set(2); });
  first.run([&] { other.set(3); });
  log(first.at(var), second.at(var), var.get(), first.contains(other), second.contains(other));
}

CASE("asyncio.contextvars.mapping", "a context says what it holds") {
  const ContextVar<int> var("var");
  const ContextVar<int> other("other");
  const Context context;
  const std::string missing = kind_raised([&] { return context.at(var); });
  const bool is_there = context.get(var).has_value();
  log(context.size(), context.contains(var), context.get(var), is_there ? "" : "nothing", missing);
  context.run([&] { var.set(1); });
  log(context.size(), context.contains(var), context.contains(other), context.get(var),
      context.at(var));
}

CASE("asyncio.contextvars.threads", "every thread has its own context, which is empty at first") {
  const ContextVar<std::string> var("var", "nothing");
  var.set("main's");
  for (const char* value : {"first", "second"})
    std::jthread([&var, value] {
      log(var.get());
      var.set(value);
      log(var.get());
    }).join();
  log(var.get());
}

CASE("asyncio.contextvars.many", "many variables in many contexts keep apart") {
  std::deque<ContextVar<int>> variables;
  for (int n = 0; n < 50; ++n) variables.emplace_back("v" + std::to_string(n));
  std::vector<Context> contexts;
  for (int n = 0; n < 50; ++n) {
    contexts.push_back(contextvars::copy_context());
    variables[static_cast<std::size_t>(n)].set(n);
  }
  std::vector<std::size_t> sizes;
  std::vector<int> values;
  for (std::size_t n = 0; n < 50; n += 10) {
    sizes.push_back(contexts[n].size() - contexts[0].size());
    values.push_back(variables[n].get());
  }
  log(sizes);
  std::vector<std::optional<int>> seen;
  for (std::size_t n = 19; n < 23; ++n) seen.push_back(contexts[n].get(variables[20]));
  log(seen);
  log(values);
}

namespace {
Coroutine<contextvars::Token<std::string>> sets_inside(const ContextVar<std::string>* var) {
  log(var->get());
  auto token = var->set("inner");
  co_await asyncio::sleep(1s);
  co_return token;
}
}  // namespace

CASE("asyncio.contextvars.across-awaits", "the context of the task, and kept across waits") {
  const ContextVar<std::string> var("var", "nothing");
  run_virtual([&var]() -> Coroutine<> {
    var.set("main");
    const auto token = co_await sets_inside(&var);
    log(var.get());
    var.reset(token);
    log(var.get());
  });
  log(var.get());
}

}  // namespace tandem::conformance
