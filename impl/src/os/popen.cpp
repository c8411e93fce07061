#include "tandem/os/popen.hpp"

#include "tandem/core/abandon.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::os {

Pipe& Pipe::operator=(Pipe&& other) noexcept {
  if (this == &other) return *this;
  end_of_scope();
  child_ = std::move(other.child_);
  writes_ = other.writes_;
  return *this;
}

Pipe::~Pipe() { end_of_scope(); }

void Pipe::end_of_scope() noexcept {
  // An abandoned thread may be in there for ever; and at the end of the program Python waits for
  // nobody either.
  if (!child_ || detail::has_abandoned_threads()) return;
  try {
    try {
      close();
    } catch (const BrokenPipeError&) {
      close();  // to wait
    }
  } catch (const std::exception&) {
    // Nobody to tell it.
  }
}

subprocess::Popen& Pipe::child() const {
  if (!child_) throw RuntimeError("the Pipe was moved from");
  return *child_;
}

subprocess::PipeFile& Pipe::file() const { return writes_ ? child().stdin_() : child().stdout_(); }

std::optional<int> Pipe::close() {
  file().close();
  const int returncode = child().wait();
  if (returncode == 0) return {};
  return returncode * 256;
}

std::string to_string(const Pipe& pipe) {
  return "<os._wrap_close object at " + detail::address_text(&pipe) + ">";
}

Pipe popen(std::string command, PopenOptions options) {
  if (options.mode != "r" && options.mode != "w")
    throw ValueError("invalid mode " + detail::string_repr(options.mode));
  if (options.buffering == 0) throw ValueError("popen() does not support unbuffered streams");
  subprocess::PopenOptions how{.bufsize = options.buffering, .shell = true, .text = true};
  const bool writes = options.mode == "w";
  (writes ? how.stdin_ : how.stdout_) = subprocess::PIPE;
  return {std::make_unique<subprocess::Popen>(std::move(command), std::move(how)), writes};
}

}  // namespace tandem::inline v1::os
