// asyncio.to_thread: a call in another thread, awaited.
#pragma once
#include <type_traits>
#include <utility>

#include "tandem/asyncio/coroutine.hpp"
#include "tandem/asyncio/event_loop.hpp"
#include "tandem/core/callable.hpp"
#include "tandem/core/context_var.hpp"

namespace tandem::inline v1::asyncio {

namespace detail {

template <class Call>
struct CallInContext {
  contextvars::Context context;
  Call call;
  typename Call::result_type operator()() && { return context.run(std::move(call)); }
};

template <class Call>
Coroutine<typename Call::result_type> called_in_thread(Call call) {
  CallInContext<Call> in_context{contextvars::copy_context(), std::move(call)};
  auto future = get_running_loop().run_in_executor(nullptr, std::move(in_context));
  co_return co_await std::move(future);
}

}  // namespace detail

// Calls f(args...) in a thread of the loop's default executor, once it is awaited, with the context
// variables of the caller. Arguments are bound by value. Cancelled, it comes back at once, and the
// call goes on.
//   std::string text = co_await asyncio::to_thread(read_file, path);
// A lambda with captures by value has to be named first: g++ 12 destroys what it has captured twice
// when it stands within the co_await expression.
// Throws   when awaited: what f throws; RuntimeError (the executor is shut down).
// Spec     asyncio.to-thread
template <class F, class... A>
requires detail::Callee<F, A...>
auto to_thread(F&& f, A&&... args) -> Coroutine<detail::result_of_call_t<F, A...>> {
  return detail::called_in_thread(
      detail::call_t<F, A...>(std::in_place, std::forward<F>(f), std::forward<A>(args)...));
}

}  // namespace tandem::inline v1::asyncio
