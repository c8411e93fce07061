// What a Popen consists of.
#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "subprocess/child.hpp"
#include "subprocess/communicate.hpp"
#include "subprocess/pipe_file.hpp"
#include "tandem/subprocess/popen.hpp"

namespace tandem::inline v1::subprocess::detail {

struct PopenState {
  explicit PopenState(subprocess::Command command) : args(std::move(command)) {}

  const subprocess::Command args;
  std::optional<TextFormat> text{};  // none: bytes
  bool kill_group = false;
  std::unique_ptr<subprocess::PipeFile> in{}, out{}, err{};  // null: no PIPE
  std::shared_ptr<Child> child{};
  Communication communication{};
};

// Starts the child: all of Popen's constructor.
std::shared_ptr<PopenState> launch(subprocess::Command args, subprocess::PopenOptions options);

subprocess::Output communicate(PopenState& state, subprocess::CommunicateOptions options);

}  // namespace tandem::inline v1::subprocess::detail
