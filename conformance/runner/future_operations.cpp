#include "future_operations.hpp"

#include <algorithm>

namespace tandem::conformance {
namespace {

constexpr std::chrono::seconds at_once{0};

futures::ReturnWhen return_when(const Json& options) {
  const auto name = options.value("return_when", "ALL_COMPLETED");
  if (name == "FIRST_COMPLETED") return futures::FIRST_COMPLETED;
  if (name == "FIRST_EXCEPTION") return futures::FIRST_EXCEPTION;
  if (name == "ALL_COMPLETED") return futures::ALL_COMPLETED;
  throw BadProgram("unknown return_when '" + name + "'");
}

Json exception_of(const Future& future) {
  const std::exception_ptr error = future.exception(at_once);
  return error ? Json{{"exception", described(error)}} : Json();
}

}  // namespace

const Future& FutureOperations::at(std::size_t index) const {
  if (futures_.empty()) throw NoFuture();
  return futures_[index % futures_.size()];
}

std::size_t FutureOperations::add(Future future) {
  futures_.push_back(std::move(future));
  return futures_.size() - 1;
}

std::vector<Future> FutureOperations::some(const Json& indices) const {
  std::vector<Future> chosen;
  for (const Json& index : indices) {
    const Future& future = at(index.get<std::size_t>());
    if (!is_left_out(future)) chosen.push_back(future);
  }
  return chosen;
}

template <class Set>
Json FutureOperations::indices(const Set& set) const {
  std::vector<std::ptrdiff_t> found;
  for (const Future& future : set)
    found.push_back(std::find(futures_.begin(), futures_.end(), future) - futures_.begin());
  std::sort(found.begin(), found.end());
  return found;
}

Json FutureOperations::wait(const Step& step) const {
  const auto result = futures::wait(some(step.arguments.at(0)),
                                    {.timeout = at_once, .return_when = return_when(step.options)});
  return {indices(result.done), indices(result.not_done)};
}

Json FutureOperations::as_completed(const Step& step) const {
  std::vector<Future> seen;
  try {
    for (const Future& future : futures::as_completed(some(step.arguments.at(0)), at_once))
      seen.push_back(future);
  } catch (const TimeoutError&) {
    return {indices(seen), described(std::current_exception())};
  }
  return {indices(seen), nullptr};
}

std::optional<Json> FutureOperations::run(const Step& step) const {
  if (step.name == "wait") return wait(step);
  if (step.name == "as_completed") return as_completed(step);
  const auto future = [&]() -> const Future& { return at(step.argument<std::size_t>(0)); };
  if (step.name == "cancel") return future().cancel();
  if (step.name == "cancelled") return future().cancelled();
  if (step.name == "running") return future().running();
  if (step.name == "done") return future().done();
  if (step.name == "result") return future().result(at_once);
  if (step.name == "exception") return exception_of(future());
  return std::nullopt;
}

}  // namespace tandem::conformance
