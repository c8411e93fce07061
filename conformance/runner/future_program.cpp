#include "future_operations.hpp"

namespace tandem::conformance {
namespace {

std::exception_ptr exception_named(const std::string& name, const std::string& text) {
  if (name == "ValueError") return std::make_exception_ptr(ValueError(text));
  if (name == "RuntimeError") return std::make_exception_ptr(RuntimeError(text));
  if (name == "KeyboardInterrupt") return std::make_exception_ptr(KeyboardInterrupt(text));
  throw BadProgram("unknown exception '" + name + "'");
}

class FutureProgram {
 public:
  explicit FutureProgram(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) operations_.add(Future());
  }

  Json observe(const Step& step) {
    const int logged = log_.count();
    called_ = Json::array();
    Json value = observed([&] { return run(step); });
    return with_effects(std::move(value), called_, log_.count() - logged);
  }

 private:
  Json run(const Step& step) {
    if (auto value = operations_.run(step)) return *std::move(value);
    const auto index = step.argument<std::size_t>(0);
    const Future& future = operations_.at(index);
    if (step.name == "set_running_or_notify_cancel") return future.set_running_or_notify_cancel();
    if (step.name == "repr") return without_addresses(to_string(future));
    if (step.name == "set_result")
      future.set_result(step.argument<int>(1));
    else if (step.name == "set_exception")
      future.set_exception(
          exception_named(step.argument<std::string>(1), step.argument<std::string>(2)));
    else if (step.name == "add_done_callback")
      add_callback(step, index);
    else
      throw BadProgram("unknown operation '" + step.name + "'");
    return nullptr;
  }

  void add_callback(const Step& step, std::size_t index) {
    const auto name = step.argument<std::string>(1);
    const bool raises = step.arguments.size() > 2 && step.argument<std::string>(2) == "raise";
    operations_.at(index).add_done_callback([this, name, raises, index](const Future& future) {
      called_.push_back({name, future == operations_.at(index)});
      if (raises) throw ValueError(name);
    });
  }

  LogCount log_;
  FutureOperations operations_;
  Json called_ = Json::array();
};

}  // namespace

Json run_future(const Json& program) {
  FutureProgram run(program.value("futures", std::size_t{1}));
  Json observations = Json::array();
  for (const Json& operation : program.at("operations"))
    observations.push_back(run.observe(Step(operation)));
  return observations;
}

}  // namespace tandem::conformance
