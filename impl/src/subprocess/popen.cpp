#include "tandem/subprocess/popen.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "platform/handle.hpp"
#include "subprocess/popen_state.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/subprocess/exceptions.hpp"

namespace tandem::inline v1::subprocess {

namespace {

constexpr int sigkill = 9, sigterm = 15;  // the same on every system

// Python's __del__.
void drop(std::shared_ptr<detail::PopenState> state) noexcept {
  if (!state) return;
  if (detail::has_abandoned_threads()) {
    // One of them may be waiting in it.
    static_cast<void>(new (std::nothrow) std::shared_ptr(std::move(state)));
    return;
  }
  try {
    const auto& child = state->child;
    if (child->returncode()) return;
    detail::log("ResourceWarning: subprocess " + std::to_string(child->pid()) +
                " is still running");
    if (!child->poll()) detail::adopt_orphan(child);
  } catch (const std::exception&) {
    // No memory to remember it by: it stays a zombie.
  }
}

PipeFile& pipe(const std::unique_ptr<PipeFile>& file, const char* name) {
  if (!file) throw ValueError(std::string(name) + " is not a PIPE");
  return *file;
}

void close_quietly(const std::unique_ptr<PipeFile>& file) {
  if (file) file->close();
}

void signal_all(detail::PopenState& state, int signal) {
  if (state.kill_group)
    state.child->send_signal_to_group(signal);
  else
    state.child->send_signal(signal);
}

}  // namespace

Stdio::Stdio(std::FILE* file) {
  if (!file) throw ValueError("a file is a null pointer");
  fd_ = of_file(platform::handle_of(file));
}

int Stdio::of_file(int descriptor) {
  if (descriptor < 0) throw UnsupportedOperation("fileno");
  return descriptor;
}

Popen::Popen(Command args, PopenOptions options)
    : state_(detail::launch(std::move(args), std::move(options))) {}
Popen::Popen(Popen&& other) noexcept = default;
Popen& Popen::operator=(Popen&& other) noexcept {
  if (this != &other) drop(std::exchange(state_, std::move(other.state_)));
  return *this;
}
Popen::~Popen() { drop(std::move(state_)); }

detail::PopenState& Popen::state() const {
  if (!state_) throw RuntimeError("this Popen has been moved from");
  return *state_;
}

std::optional<int> Popen::poll() { return state().child->poll(); }

int Popen::wait(Timeout timeout) {
  detail::Child& child = *state().child;
  if (!child.wait(detail::Deadline::after(timeout)))
    throw TimeoutExpired(state().args, timeout.limit());
  return *child.returncode();
}

Output Popen::communicate(CommunicateOptions options) {
  return detail::communicate(state(), std::move(options));
}

void Popen::send_signal(int signal) { state().child->send_signal(signal); }
void Popen::terminate() { signal_all(state(), sigterm); }
void Popen::kill() { signal_all(state(), sigkill); }

void Popen::exit() {
  const detail::PopenState& own = state();
  close_quietly(own.out);
  close_quietly(own.err);
  try {
    close_quietly(own.in);
  } catch (...) {
    wait();
    throw;
  }
  wait();
}

const Command& Popen::args() const { return state().args; }
int Popen::pid() const { return state().child->pid(); }
std::optional<int> Popen::returncode() const { return state().child->returncode(); }
PipeFile& Popen::stdin_() { return pipe(state().in, "stdin"); }
PipeFile& Popen::stdout_() { return pipe(state().out, "stdout"); }
PipeFile& Popen::stderr_() { return pipe(state().err, "stderr"); }

std::string to_string(const Popen& popen) {
  const auto returncode = popen.returncode();
  std::string text = "<Popen: returncode: " + (returncode ? std::to_string(*returncode) : "None") +
                     " args: " + repr(popen.args()) + ">";
  // Python's measure is characters: bytes but for those within one.
  const auto starts = [](char byte) { return (byte & 0xc0) != 0x80; };
  if (std::ranges::count_if(text, starts) <= 80) return text;
  std::size_t kept = 0;
  for (int characters = 0; characters < 77; ++kept) characters += starts(text[kept]);
  return text.substr(0, kept - 1) + "...>";
}

}  // namespace tandem::inline v1::subprocess
