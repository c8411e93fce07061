#include "multiprocessing/preparation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <mutex>
#include <span>
#include <system_error>
#include <utility>

#include "multiprocessing/forkserver.hpp"
#include "multiprocessing/tracker_pipe.hpp"
#include "platform/fork.hpp"
#include "platform/pipe.hpp"
#include "platform/system.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle/callable.hpp"
#include "tandem/pickle/modules.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

struct Preparation {
  std::string directory;
  std::string name;
  Identity identity;
  bool daemon;
  std::string authkey;
  int creator;
  std::string creator_name;
  StartMethod method;
  std::optional<StartMethod> method_of_class;
};

std::string current_directory() {
  std::error_code gone;
  return std::filesystem::current_path(gone).string();
}

Preparation preparation_of(const ProcessState& state, StartMethod method) {
  const std::scoped_lock guard(ProcessBook::get().mutex());
  return {current_directory(), name_of(state),     state.identity, state.daemon, *state.authkey,
          *state.creator,      state.creator_name, method,         state.method};
}

// An open file that the other process inherits, where there is one.
void attach_optional(pickle::Output& output, const platform::Handle& handle) {
  output.write_value(static_cast<bool>(handle));
  if (handle) output.write_value(output.attach(handle.get()));
}
platform::Handle take_optional(pickle::Input& input) {
  if (input.read_choice(1) == 0) return {};
  return input.take(input.read_value<std::uint32_t>());
}

// ---- in the process that was started ----

void check_program(pickle::Input& input) {
  pickle::check_module_table(pickle::load<std::vector<pickle::Module>>(input));
}

std::shared_ptr<ProcessState> parent_of(const Preparation& preparation) {
  auto parent = std::make_shared<ProcessState>();
  parent->kind = ProcessKind::parent;
  parent->parent_pid = preparation.creator;
  parent->name = preparation.creator_name;
  platform::Handle sentinel = platform::open_process(preparation.creator);
  // Only of a spawned process it is the system's parent.
  if (preparation.method == StartMethod::spawn &&
      platform::parent_process_id() != preparation.creator)
    sentinel.reset();
  parent->parent_sentinel = std::make_shared<const platform::Handle>(std::move(sentinel));
  return parent;
}

std::shared_ptr<ProcessState> become(const Preparation& preparation) {
  std::error_code gone;  // CPython fails here; but what for?
  std::filesystem::current_path(preparation.directory, gone);
  auto state = std::make_shared<ProcessState>();
  state->identity = preparation.identity;
  state->creator = preparation.creator;
  state->creator_name = preparation.creator_name;
  state->name = preparation.name;
  state->daemon = preparation.daemon;
  state->authkey = preparation.authkey;
  state->method = preparation.method_of_class;
  ProcessBook::get().become(state, parent_of(preparation));
  force_start_method(preparation.method);
  return state;
}

Target read_target(pickle::Input& input) {
  const pickle::Input::Message message(input);
  return Target([call = pickle::detail::read_action(input).load(input)] { call->call(); });
}

std::shared_ptr<multiprocessing::Process> read_object(pickle::Input& input) {
  const pickle::Input::Message message(input);
  return pickle::load<LoadObject>(input)(input);
}

struct Work {
  std::shared_ptr<ProcessState> state;
  std::shared_ptr<multiprocessing::Process> object;  // null: a plain Process
};

void read_work(pickle::Input& input, Work& work) {
  check_program(input);
  work.state = become(pickle::load<Preparation>(input));
  adopt_fork_server(take_optional(input));
  adopt_tracker(take_optional(input));
  if (input.read_choice(1) != 0) work.state->target = read_target(input);
  if (input.read_choice(1) != 0) {
    work.object = read_object(input);
    ProcessAccess::make_same(*work.object, work.state);
  }
  ProcessBook::get().start_counting();
}

}  // namespace

void write_preparation(pickle::Output& output, const std::shared_ptr<ProcessState>& state,
                       const std::shared_ptr<multiprocessing::Process>& object,
                       StartMethod method) {
  if (object && !state->pickling.dump) refuse_to_pickle(*state->type);
  start_method_in_force();  // settles it, as CPython's does
  pickle::dump(output, pickle::module_table());
  pickle::dump(output, preparation_of(*state, method));
  attach_optional(output, fork_server_handle());
  attach_optional(output, tracker_handle());
  output.write_value(static_cast<bool>(state->target));
  if (state->target) state->target.encode(output);
  output.write_value(object != nullptr);
  if (!object) return;
  const pickle::Output::Message message(output);
  state->pickling.dump(output, *object);
}

int run_prepared(pickle::Input& input) noexcept {
  Work work;
  try {
    read_work(input, work);
  } catch (...) {
    const std::string before = work.state ? "Process " + work.state->name + ":\n" : "";
    log(before + exception_text(std::current_exception()));
    return EXIT_FAILURE;
  }
  return run_here(work.state, work.object);
}

platform::Handle to_memory_file(std::span<const std::span<const std::byte>> pieces) {
  platform::Handle file;
  if (const int error = platform::open_memory_file(file)) throw_os_error(error);
  for (std::span<const std::byte> rest : pieces)
    while (!rest.empty()) {
      const auto done = platform::write_some(file.get(), rest.data(), rest.size());
      if (done.error != 0) throw_os_error(done.error);
      rest = rest.subspan(done.count);
    }
  if (const int error = platform::rewind_file(file.get())) throw_os_error(error);
  return file;
}

std::string read_memory_file(int handle) {
  std::string bytes;
  std::array<char, 16 * 1024> part;
  for (;;) {
    const auto done = platform::read_some(handle, part.data(), part.size());
    if (done.error != 0) throw_os_error(done.error);
    if (done.count == 0) return bytes;
    bytes.append(part.data(), done.count);
  }
}

void refuse_to_pickle(const std::type_info& type) {
  throw pickle::PicklingError("Can't pickle " + type_name(type) +
                              ": it is no function, and no call() of one with arguments that can "
                              "be pickled");
}

}  // namespace tandem::inline v1::multiprocessing::detail
