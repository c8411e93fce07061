// Starting a process by executing the program anew, and what such a process does first.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <utility>

#include "multiprocessing/forkserver.hpp"
#include "multiprocessing/preparation.hpp"
#include "platform/fork.hpp"
#include "platform/process.hpp"
#include "platform/thread.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

namespace {

struct Executable {
  ForkSafeMutex mutex{ForkStage::core};
  std::string path = platform::own_executable();  // guarded by mutex

  static Executable& get() {
    static Executable& forever = *new Executable;  // never destroyed, as the book
    return forever;
  }
};
[[maybe_unused]] const Executable& executable_at_start = Executable::get();

std::string executable() {
  const std::scoped_lock guard(Executable::get().mutex);
  return Executable::get().path;
}

// The numbers of the open files come before the rest; how many there are, before them.
std::vector<std::byte> head_of(const std::vector<int>& handles) {
  const auto count = static_cast<std::uint32_t>(handles.size());
  std::vector<std::byte> head(sizeof count + handles.size() * sizeof(int));
  std::memcpy(head.data(), &count, sizeof count);
  if (count != 0)
    std::memcpy(head.data() + sizeof count, handles.data(), handles.size() * sizeof(int));
  return head;
}

std::vector<platform::Handle> read_head(pickle::Input& input) {
  std::vector<platform::Handle> handles(input.read_value<std::uint32_t>());
  for (auto& handle : handles) {
    handle.reset(input.read_value<int>());
    platform::keep_from_children(handle.get());
  }
  return handles;
}

// The number behind "data=" or "server=".
std::optional<int> number_after(std::string_view word, std::string_view name) {
  if (!word.starts_with(name)) return {};
  int number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data() + name.size(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

// Python's text, with the idiom as it is here.
constexpr const char* not_bootstrapped = R"(
        An attempt has been made to start a new process before the
        current process has finished its bootstrapping phase.

        This probably means that you are not using fork to start your
        child processes and you have forgotten to use the proper idiom
        in the main module:

            int main(int argc, char** argv) {
                freeze_support(argc, argv);
                ...

        Without freeze_support() a child runs the whole of main() again.
)";

// Whether this process has to do what another one has started it for, and whether it was said that
// it has not.
constinit seam::atomic<bool> awaits{false}, said{false};

// A process that never comes to freeze_support() has not done its work, and must not look as if.
bool look_for_task() {
  const auto words = platform::command_line();
  if (words.size() != 3 || words[1] != marker) return false;
  awaits.store(true);
  return std::atexit([] {
           if (!awaits.load()) return;
           if (!said.load()) log("RuntimeError: " + std::string(not_bootstrapped));
           platform::flush_standard_streams();
           platform::exit_at_once(EXIT_FAILURE);
         }) == 0;
}
[[maybe_unused]] const bool has_task = look_for_task();

int run_spawned(platform::Handle data) noexcept {
  try {
    platform::keep_from_children(data.get());
    const std::string bytes = read_memory_file(data.get());
    data.reset();
    pickle::Input head(bytes);
    auto handles = read_head(head);
    const auto rest = std::string_view(bytes).substr(bytes.size() - head.left());
    pickle::Input input(std::as_bytes(std::span(rest)), std::move(handles));
    return run_prepared(input);
  } catch (...) {
    log(exception_text(std::current_exception()));
    return EXIT_FAILURE;
  }
}

}  // namespace

void check_bootstrapped() {
  if (!awaits.load()) return;
  said.store(true);
  throw RuntimeError(not_bootstrapped);
}

platform::Process execute(const std::string& path, const std::vector<std::string>& words,
                          std::vector<int> kept) {
  const auto own_words = platform::command_line();
  platform::SpawnPlan plan;
  plan.candidates = {path.c_str(), nullptr};
  plan.argv = {own_words.empty() ? path.c_str() : own_words.front().c_str()};
  for (const auto& word : words) plan.argv.push_back(word.c_str());
  plan.argv.push_back(nullptr);
  std::ranges::sort(kept);
  plan.kept = std::move(kept);
  plan.restore_signals = false;
  platform::Process process;
  if (const auto error = platform::spawn(plan, process))
    error->step == platform::SpawnStep::exec ? throw_os_error(error->number, path)
                                             : throw_os_error(error->number);
  return process;
}

platform::Process execute_again(const std::string& task, std::vector<int> kept) {
  return execute(executable(), {marker, task}, std::move(kept));
}

std::shared_ptr<Running> start_by_spawn(const std::shared_ptr<ProcessState>& state,
                                        const std::shared_ptr<multiprocessing::Process>& object) {
  check_bootstrapped();
  pickle::Output output(pickle::Sharing::INHERITANCE);
  write_preparation(output, state, object, StartMethod::spawn);
  auto kept = output.descriptors();
  const auto head = head_of(kept);
  auto pieces = output.pieces();
  pieces.insert(pieces.begin(), std::span(head));
  const platform::Handle data = to_memory_file(pieces);
  kept.push_back(data.get());
  platform::flush_standard_streams();
  return own_child(
      [&] { return execute_again("data=" + std::to_string(data.get()), std::move(kept)); });
}

}  // namespace detail

void set_executable(std::string executable) {
  auto& own = detail::Executable::get();
  const std::scoped_lock guard(own.mutex);
  own.path.swap(executable);
}

void freeze_support(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != detail::marker) return;
  detail::awaits.store(false);
  // Executed by way of a link, the process would be called after that.
  platform::name_this_thread(std::filesystem::path(argv[0]).filename().c_str());
  if (const auto data = detail::number_after(argv[2], "data="))
    std::exit(detail::run_spawned(platform::Handle(*data)));
  if (const auto server = detail::number_after(argv[2], "server="))
    std::exit(detail::serve(platform::Handle(*server)));
}

}  // namespace tandem::inline v1::multiprocessing
