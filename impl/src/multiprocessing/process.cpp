#include "tandem/multiprocessing/process.hpp"

#include <memory>
#include <mutex>
#include <string_view>
#include <typeinfo>
#include <utility>

#include "multiprocessing/process_state.hpp"
#include "multiprocessing/ring.hpp"
#include "platform/fork.hpp"
#include "platform/poll.hpp"
#include "platform/process.hpp"
#include "platform/system.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/os/process.hpp"

namespace tandem::inline v1::multiprocessing {

namespace detail {

namespace {

constexpr int sigkill = 9, sigterm = 15;  // the same on every system

std::string class_name(const std::optional<StartMethod>& method) {
  if (!method) return "Process";
  constexpr const char* names[] = {"ForkProcess", "SpawnProcess", "ForkServerProcess"};
  return names[static_cast<std::size_t>(*method)];
}

bool is_subclass(const std::type_info& type) { return type != typeid(multiprocessing::Process); }

// A part of the state, read or written with the book's mutex held.
template <class Use>
auto guarded(Use use) {
  const std::scoped_lock guard(ProcessBook::get().mutex());
  return use();
}

bool is_current(const std::shared_ptr<ProcessState>& state) {
  return state == ProcessBook::get().current();
}

void check_open(const ProcessState& state) {
  if (guarded([&] { return state.closed; })) throw ValueError("process object is closed");
}

void check_is_child(const ProcessState& state, const char* otherwise) {
  if (state.creator != platform::process_id()) throw AssertionError(otherwise);
}

std::shared_ptr<Running> running_of(const ProcessState& state) {
  check_open(state);
  return guarded([&] { return state.running; });
}

// Sleeps until the parent has ended. Returns false iff the deadline has passed.
bool wait_for_parent(const ProcessState& state, Deadline until) {
  const auto sentinel = guarded([&] { return state.parent_sentinel; });
  if (!sentinel || !*sentinel) return true;  // it had ended before it could be looked at
  const ParkedInSystem parked;
  platform::Polled polled[] = {{sentinel->get()}};
  const auto when = until.when();
  platform::poll(polled, until.is_never() ? nullptr : &when);
  return polled[0].ready;
}

// A handle of which no start() has come back yet counts as started.
class Starting {
 public:
  explicit Starting(const std::shared_ptr<ProcessState>& state) : state_(*state) {
    const std::scoped_lock guard(ProcessBook::get().mutex());
    if (state_.starting || state_.running) throw AssertionError("cannot start a process twice");
    state_.starting = true;
  }
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;
  ~Starting() {
    guarded([&] { state_.starting = false; });
  }

 private:
  ProcessState& state_;
};

std::shared_ptr<Running> launch(const std::shared_ptr<ProcessState>& state,
                                const std::shared_ptr<multiprocessing::Process>& object) {
  switch (state->method ? *state->method : start_method_in_force()) {
    case StartMethod::spawn:
      return start_by_spawn(state, object);
    case StartMethod::forkserver:
      return start_by_server(state, object);
    case StartMethod::fork:
      break;
  }
  return start_by_fork(state, object);
}

void send_signal(const ProcessState& state, int signal, const char* method) {
  const auto running = running_of(state);
  if (!running)
    throw AttributeError("'NoneType' object has no attribute '" + std::string(method) + "'");
  running->send_signal(signal);
}

// Python has names for the signals that end processes, and no alias of one.
std::string exitcode_text(int exitcode) {
  const char* name = exitcode < 0 ? platform::signal_name(-exitcode) : nullptr;
  return name ? "-" + std::string(name) : std::to_string(exitcode);
}

}  // namespace

std::string bare_name(const std::type_info& type) {
  const std::string name = type_name(type);
  const std::string_view bare = std::string_view(name).substr(0, name.find('<'));
  const auto last = bare.rfind("::");
  return last == bare.npos ? name : name.substr(last + 2);
}

// With the book's mutex held.
std::string name_of(const ProcessState& state) {
  if (!state.name.empty()) return state.name;
  std::string name = state.type ? bare_name(*state.type) : class_name(state.method);
  char before = '-';
  for (const int number : state.identity) {
    name += before + std::to_string(number);
    before = ':';
  }
  return name;
}

std::string class_name_of(const ProcessState& state, const std::type_info& handle) {
  if (state.kind == ProcessKind::main) return "_MainProcess";
  if (state.kind == ProcessKind::parent) return "_ParentProcess";
  if (state.type) return bare_name(*state.type);
  return is_subclass(handle) ? bare_name(handle) : class_name(state.method);
}

}  // namespace detail

using detail::ProcessBook;
using detail::ProcessKind;
using detail::ProcessState;

Process::Process(ProcessOptions options) : state_(ProcessBook::get().make()) {
  state_->target = std::move(options.target);
  state_->name = std::move(options.name);
  if (options.daemon) state_->daemon = *options.daemon;
}

Process::Process(ProcessOptions options, detail::StartMethod method) : Process(std::move(options)) {
  state_->method = method;
}

Process::Process(std::shared_ptr<ProcessState> state) : state_(std::move(state)) {}

Process::Process(const Process& other) : state_(other.state_) {
  // relaxed: start() of this handle comes after
  if (detail::is_subclass(typeid(other))) state_->sliced.store(true, std::memory_order_relaxed);
}

Process& Process::operator=(const Process& other) {
  if (this == &other) return *this;
  state_ = other.state_;
  // relaxed: start() of this handle comes after
  if (detail::is_subclass(typeid(other))) state_->sliced.store(true, std::memory_order_relaxed);
  return *this;
}

Process::~Process() = default;

void Process::own(const std::shared_ptr<Process>& process, detail::ObjectPickling pickling,
                  std::optional<detail::StartMethod> method) {
  const Process& object = *process;
  object.state_->object = process;
  object.state_->pickling = pickling;
  object.state_->type = &typeid(object);
  object.state_->method = method;
}

void Process::run() {
  if (!state_->target) return;
  state_->runs_once ? state_->target.call_once() : state_->target();
}

void Process::start() const {
  detail::check_open(*state_);
  const detail::Starting starting(state_);
  detail::check_is_child(*state_, "can only start a process object created by current process");
  if (current_process().daemon())
    throw AssertionError("daemonic processes are not allowed to have children");
  const auto object = state_->object.lock();
  // relaxed: set before this handle came to be
  const bool subclass = state_->sliced.load(std::memory_order_relaxed) ||
                        detail::is_subclass(typeid(*this)) || state_->type;
  if (subclass && !object)
    throw RuntimeError("a subclass of Process must be made by make_process() and still be owned");
  ProcessBook& book = ProcessBook::get();
  book.alive();  // reaps those that have ended
  // What may fail comes before there is a child.
  book.register_exit_hook();
  ProcessBook::Children child{state_};
  auto running = detail::launch(state_, object);
  detail::guarded([&] { state_->running = std::move(running); });
  book.add(std::move(child));
  state_->target = {};
}

void Process::join(Timeout timeout) const {
  detail::check_open(*state_);
  if (state_->kind == ProcessKind::parent) {
    detail::wait_for_parent(*state_, detail::Deadline::after(timeout));
    return;
  }
  detail::check_is_child(*state_, "can only join a child process");
  const auto running = detail::running_of(*state_);
  if (!running) throw AssertionError("can only join a started process");
  if (running->wait(detail::Deadline::after(timeout))) ProcessBook::get().remove(state_);
}

bool Process::is_alive() const {
  detail::check_open(*state_);
  if (detail::is_current(state_)) return true;
  if (state_->kind == ProcessKind::parent)
    return !detail::wait_for_parent(*state_, detail::Deadline::after(std::chrono::seconds(0)));
  detail::check_is_child(*state_, "can only test a child process");
  const auto running = detail::running_of(*state_);
  if (!running) return false;
  if (!running->poll()) return true;
  ProcessBook::get().remove(state_);
  return false;
}

void Process::terminate() const { detail::send_signal(*state_, detail::sigterm, "terminate"); }
void Process::kill() const { detail::send_signal(*state_, detail::sigkill, "kill"); }

void Process::close() const {
  if (state_->kind == ProcessKind::main) return;
  const auto running = detail::guarded([&] { return state_->running; });
  if (running && !running->poll())
    throw ValueError(
        "Cannot close a process while it is still running. "
        "You should first call join() or terminate().");
  ProcessBook::get().remove(state_);
  std::shared_ptr<detail::Running> last;  // given back without the mutex
  detail::guarded([&] {
    last.swap(state_->running);
    state_->closed = true;
  });
}

std::optional<int> Process::pid() const {
  detail::check_open(*state_);
  if (detail::is_current(state_)) return platform::process_id();
  if (state_->kind == ProcessKind::parent) return state_->parent_pid;
  const auto running = detail::running_of(*state_);
  if (!running) return {};
  return running->pid();
}

std::optional<int> Process::exitcode() const {
  const auto running = detail::running_of(*state_);
  if (!running) return {};
  const auto code = running->poll();
  if (code) detail::note_death();
  return code;
}

int Process::sentinel() const {
  const auto running = detail::running_of(*state_);
  if (running) return running->sentinel();
  const auto parent = detail::guarded([&] { return state_->parent_sentinel; });
  if (!parent) throw ValueError("process not started");
  return parent->get();
}

std::string Process::name() const {
  return detail::guarded([&] { return detail::name_of(*state_); });
}

void Process::name(std::string name) const {
  detail::guarded([&] { state_->name.swap(name); });
}

bool Process::daemon() const {
  return detail::guarded([&] { return state_->daemon; });
}

void Process::daemon(bool daemon) const {
  detail::guarded([&] {
    if (state_->running || state_->starting) throw AssertionError("process has already started");
    state_->daemon = daemon;
  });
}

std::string Process::authkey() const {
  const auto key = detail::guarded([&] { return state_->authkey; });
  if (!key) throw KeyError("authkey");
  return *key;
}

void Process::authkey(std::string authkey) const {
  detail::guarded([&] { state_->authkey = std::move(authkey); });
}

bool operator==(const Process& a, const Process& b) { return a.state_ == b.state_; }

namespace {

const char* status_of(const std::shared_ptr<ProcessState>& state, bool started, bool ended) {
  if (detail::is_current(state)) return "started";
  if (detail::guarded([&] { return state->closed; })) return "closed";
  if (state->creator != platform::process_id()) return "unknown";
  if (!started) return "initial";
  return ended ? "stopped" : "started";
}

}  // namespace

std::string to_string(const Process& process) {
  const auto& state = process.state_;
  const auto running = detail::guarded([&] { return state->running; });
  const bool is_child = state->creator == platform::process_id();
  const auto exitcode = running && is_child ? running->poll() : std::nullopt;
  std::string text = "<" + detail::class_name_of(*state, typeid(process)) +
                     " name=" + detail::string_repr(process.name());
  if (running) text += " pid=" + std::to_string(running->pid());
  text += " parent=" + (state->creator ? std::to_string(*state->creator) : "None") + " ";
  text += status_of(state, running != nullptr, exitcode.has_value());
  if (exitcode) text += " exitcode=" + detail::exitcode_text(*exitcode);
  if (process.daemon()) text += " daemon";
  return text + ">";
}

Process current_process() { return detail::ProcessAccess::handle(ProcessBook::get().current()); }

std::optional<Process> parent_process() {
  auto parent = ProcessBook::get().parent();
  if (!parent) return {};
  return detail::ProcessAccess::handle(std::move(parent));
}

std::vector<Process> active_children() {
  std::vector<Process> children;
  for (auto& child : ProcessBook::get().alive())
    children.push_back(detail::ProcessAccess::handle(std::move(child)));
  return children;
}

int cpu_count() {
  const auto count = os::cpu_count();
  if (!count) throw NotImplementedError("cannot determine number of cpus");
  return *count;
}

}  // namespace tandem::inline v1::multiprocessing

std::size_t std::hash<tandem::multiprocessing::Process>::operator()(
    const tandem::multiprocessing::Process& process) const noexcept {
  return std::hash<const void*>()(
      tandem::multiprocessing::detail::ProcessAccess::state(process).get());
}
