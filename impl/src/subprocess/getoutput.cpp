#include "tandem/subprocess/getoutput.hpp"

#include <utility>

#include "tandem/subprocess/run.hpp"

namespace tandem::inline v1::subprocess {

StatusOutput getstatusoutput(Command cmd, GetOutputOptions options) {
  CompletedProcess done = run(std::move(cmd), {.stdout_ = PIPE,
                                               .stderr_ = STDOUT,
                                               .shell = true,
                                               .encoding = std::move(options.encoding),
                                               .errors = std::move(options.errors),
                                               .text = true});
  std::string output = std::move(*done.stdout_);
  if (output.ends_with('\n')) output.pop_back();
  return {done.returncode, std::move(output)};
}

std::string getoutput(Command cmd, GetOutputOptions options) {
  return getstatusoutput(std::move(cmd), std::move(options)).output;
}

}  // namespace tandem::inline v1::subprocess
