#include "tandem/subprocess/call.hpp"

#include <utility>

#include "subprocess/run.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/subprocess/exceptions.hpp"

namespace tandem::inline v1::subprocess {

namespace {

// call() hands all but the timeout on to Popen, which knows none of these.
void refuse_what_is_runs(const RunOptions& options) {
  const auto refuse = [](bool given, const char* name) {
    if (given)
      throw TypeError(std::string("Popen.__init__() got an unexpected keyword argument '") + name +
                      "'");
  };
  refuse(options.input.has_value(), "input");
  refuse(options.capture_output, "capture_output");
  refuse(options.check, "check");
}

void refuse_what_is_settled(bool given, const char* name) {
  if (given) throw ValueError(std::string(name) + " argument not allowed, it will be overridden.");
}

}  // namespace

int call(Command args, RunOptions options) {
  refuse_what_is_runs(options);
  const Timeout timeout = options.timeout;
  return detail::supervise(std::move(args), std::move(options),
                           [=](Popen& process) { return process.wait(timeout); });
}

int check_call(Command args, RunOptions options) {
  const int returncode = call(args, std::move(options));
  if (returncode != 0) throw CalledProcessError(returncode, std::move(args));
  return 0;
}

std::string check_output(Command args, RunOptions options) {
  refuse_what_is_settled(options.stdout_.is_given(), "stdout");
  refuse_what_is_settled(options.check, "check");
  options.stdout_ = PIPE;
  options.check = true;
  return std::move(*run(std::move(args), std::move(options)).stdout_);
}

}  // namespace tandem::inline v1::subprocess
