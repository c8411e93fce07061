// Popen's constructor: from options to a plan that leaves nothing to be decided in the child.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/account.hpp"
#include "platform/process.hpp"
#include "subprocess/popen_state.hpp"
#include "subprocess/streams.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/subprocess/exceptions.hpp"

namespace tandem::inline v1::subprocess::detail {

namespace {

using subprocess::PopenOptions;
using subprocess::UserOrId;

// ---- what contradicts itself ----

void check_options(PopenOptions& options) {
  if (options.stdout_ == subprocess::STDOUT) throw ValueError("STDOUT can only be used for stderr");
  if (!options.pass_fds.empty() && !options.close_fds) {
    log("RuntimeWarning: pass_fds overriding close_fds.");
    options.close_fds = true;
  }
  if (options.startupinfo) throw ValueError("startupinfo is only supported on Windows platforms");
  if (options.creationflags != 0)
    throw ValueError("creationflags is only supported on Windows platforms");
  if (options.text && options.universal_newlines && *options.text != *options.universal_newlines)
    throw subprocess::SubprocessError(
        "Cannot disambiguate when both text and universal_newlines are supplied but different. "
        "Pass one or the other.");
  if (options.kill_group && options.process_group.value_or(-1) > 0)
    throw ValueError("kill_group needs a process group of the child's own");
}

std::optional<TextFormat> text_format(const PopenOptions& options) {
  const auto given = [](const std::optional<std::string>& name) { return name && !name->empty(); };
  if (!given(options.encoding) && !given(options.errors) && !options.text.value_or(false) &&
      !options.universal_newlines.value_or(false))
    return {};
  TextFormat format;
  if (options.encoding) format.encoding = *options.encoding;
  if (options.errors) format.errors = *options.errors;
  return format;
}

// Strings end for the system where they have a zero byte.
const char* checked(const std::string& text) {
  if (text.find('\0') != text.npos) throw ValueError("embedded null byte");
  return text.c_str();
}

// ---- users and groups ----

struct Kind {
  platform::Lookup (*find)(const std::string& name, long long& number);
  const char* function;
  const char* label;
};
constexpr Kind of_user{platform::find_user, "getpwnam", "User"};
constexpr Kind of_group{platform::find_group, "getgrnam", "Group"};

std::uint32_t id_of(const UserOrId& wanted, const Kind& kind) {
  long long number = 0;
  if (const auto* name = std::get_if<std::string>(&wanted)) {
    checked(*name);
    const auto found = kind.find(*name, number);
    if (found == platform::Lookup::unknown)
      throw KeyError(std::string(kind.function) + "(): name not found: " + string_repr(*name));
    if (found == platform::Lookup::failed) throw_os_error(static_cast<int>(number));
  } else {
    number = std::get<int>(wanted);
  }
  if (number < 0)
    throw ValueError(std::string(kind.label) + " ID cannot be negative, got " +
                     std::to_string(number));
  return static_cast<std::uint32_t>(number);
}

// ---- the plan ----

// A plan, and all that it points to.
class Launch {
 public:
  Launch(const subprocess::Command& args, PopenOptions options) : options_(std::move(options)) {
    check_options(options_);
    text_ = text_format(options_);
    plan_ids();
    streams_ = open_streams(options_);
    make_files();
    plan_words(args);
    plan_environment();
    plan_candidates();
    plan_descriptors();
    plan_rest();
  }

  void start(PopenState& state) {
    state.child = std::make_shared<Child>();  // before: a child that is there has to be known
    platform::Process process;
    if (const auto error = platform::spawn(plan_, process)) raise(*error);
    state.child->set(std::move(process));
    state.text = std::move(text_);
    state.kill_group = options_.kill_group;
    state.in = std::move(files_[0]);
    state.out = std::move(files_[1]);
    state.err = std::move(files_[2]);
    if (options_.pipesize > 0) state.communication.keep_pipe_sizes();
  }

 private:
  void plan_ids() {
    if (options_.group) plan_.group = id_of(*options_.group, of_group);
    if (options_.extra_groups) {
      plan_.groups.emplace();
      for (const UserOrId& each : *options_.extra_groups)
        plan_.groups->push_back(id_of(each, of_group));
    }
    if (options_.user) plan_.user = id_of(*options_.user, of_user);
  }

  // Before there is a child: nothing can go wrong afterwards.
  void make_files() {
    for (std::size_t stream = 0; stream < files_.size(); ++stream) {
      platform::Handle& end = streams_.parent[stream];
      plan_.parent_ends[stream] = end.get();
      plan_.stdio[stream] = streams_.child[stream];
      if (end)
        files_[stream] = PipeFileAccess::make(
            std::move(end), {.writable = stream == 0, .bufsize = options_.bufsize, .text = text_});
    }
  }

  void plan_words(const subprocess::Command& args) {
    if (options_.shell) {
      if (args.is_path()) throw TypeError("path-like args is not allowed when shell is true");
      words_ = {"/bin/sh", "-c"};
      if (options_.executable) words_[0] = options_.executable->string();
    }
    words_.insert(words_.end(), args.words().begin(), args.words().end());
    if (!options_.executable && words_.empty()) throw IndexError("list index out of range");
    program_ = options_.executable ? options_.executable->string() : words_[0];
    point_to(words_, plan_.argv);
  }

  void plan_environment() {
    if (!options_.env.is_given()) return;
    for (const auto& [name, value] : options_.env.variables()) {
      if (name.find('=') != name.npos) throw ValueError("illegal environment variable name");
      environment_.push_back(name + "=" + value);
    }
    point_to(environment_, plan_.envp);
  }

  // A name with a slash is the program's place; others are looked for along the PATH of the child.
  void plan_candidates() {
    if (program_.find('/') != program_.npos) {
      candidates_.push_back(program_);
    } else {
      const std::string path = search_path();
      for (std::size_t begin = 0, end; begin <= path.size(); begin = end + 1) {
        end = std::min(path.find(':', begin), path.size());
        std::string place = path.substr(begin, end - begin);
        if (!place.empty() && place.back() != '/') place += '/';
        candidates_.push_back(place + program_);
      }
    }
    point_to(candidates_, plan_.candidates);
  }

  std::string search_path() const {
    constexpr const char* where_there_is_none = "/bin:/usr/bin";  // Python's os.defpath
    if (options_.env.is_given()) {
      for (const auto& [name, value] : options_.env.variables())
        if (name == "PATH") return value;
      return where_there_is_none;
    }
    const char* path = std::getenv("PATH");
    return path ? path : where_there_is_none;
  }

  void plan_descriptors() {
    plan_.close_others = options_.close_fds;
    plan_.kept = options_.pass_fds;
    std::ranges::sort(plan_.kept);
    const auto repeated = std::ranges::unique(plan_.kept);
    plan_.kept.erase(repeated.begin(), repeated.end());
    if (!plan_.kept.empty() && plan_.kept.front() < 0)
      throw ValueError("bad value(s) in fds_to_keep");
  }

  void plan_rest() {
    if (options_.cwd) {
      cwd_ = options_.cwd->string();
      plan_.cwd = checked(cwd_);
    }
    plan_.umask = options_.umask;
    plan_.restore_signals = options_.restore_signals;
    plan_.new_session = options_.start_new_session;
    const bool led = options_.start_new_session || options_.process_group.value_or(-1) >= 0;
    plan_.process_group =
        options_.kill_group && !led ? 0 : options_.process_group.value_or(-1);
    if (options_.preexec_fn) {
      plan_.prepare = call_preexec_fn;
      plan_.prepare_argument = &options_.preexec_fn;
    }
  }

  static bool call_preexec_fn(void* function) {
    try {
      (*static_cast<std::function<void()>*>(function))();
      return true;
    } catch (...) {
      return false;
    }
  }

  static void point_to(const std::vector<std::string>& texts, std::vector<const char*>& pointers) {
    pointers.reserve(texts.size() + 1);
    for (const std::string& each : texts) pointers.push_back(checked(each));
    pointers.push_back(nullptr);
  }

  // As CPython names it: whose fault it was.
  [[noreturn]] void raise(const platform::SpawnError& error) const {
    switch (error.step) {
      case platform::SpawnStep::prepare:
        throw subprocess::SubprocessError("Exception occurred in preexec_fn.");
      case platform::SpawnStep::chdir:
        throw_os_error(error.number, cwd_);
      case platform::SpawnStep::exec:
        throw_os_error(error.number, program_);
      default:
        throw_os_error(error.number);
    }
  }

  PopenOptions options_;
  std::optional<TextFormat> text_;
  Streams streams_;
  std::array<std::unique_ptr<subprocess::PipeFile>, 3> files_;
  std::vector<std::string> words_, environment_, candidates_;
  std::string program_, cwd_;
  platform::SpawnPlan plan_;
};

}  // namespace

std::shared_ptr<PopenState> launch(subprocess::Command args, PopenOptions options) {
  reap_orphans();
  auto state = std::make_shared<PopenState>(std::move(args));
  Launch(state->args, std::move(options)).start(*state);
  return state;
}

}  // namespace tandem::inline v1::subprocess::detail
