#include "tandem/threading/thread.hpp"

#include <memory>
#include <mutex>
#include <typeinfo>
#include <utility>

#include "platform/thread.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/detail/local_key.hpp"
#include "tandem/threading/detail/this_thread.hpp"
#include "tandem/threading/timer.hpp"
#include "threading/thread_state.hpp"

namespace tandem::inline v1 {

namespace detail {

namespace {

std::string new_name(const char* kind) {
  static seam::atomic<std::uint64_t> counter{0};
  // relaxed: only the numbers count
  return kind + std::to_string(counter.fetch_add(1, std::memory_order_relaxed) + 1);
}

std::string name_for(std::string_view target) {
  std::string name = new_name("Thread-");
  if (!target.empty()) name += " (" + std::string(target) + ")";
  return name;
}

// Takes the handle of a foreign thread off the registry when that thread ends.
class DummyGuard {
 public:
  DummyGuard() = default;
  DummyGuard(const DummyGuard&) = delete;
  DummyGuard& operator=(const DummyGuard&) = delete;
  ~DummyGuard() {
    over_ = true;
    if (!state_) return;
    set_current_thread_state(nullptr);
    ThreadRegistry::get().remove(*state_);
  }

  static std::shared_ptr<ThreadState> make_dummy() {
    auto state =
        std::make_shared<ThreadState>(ThreadKind::dummy, Target(), new_name("Dummy-"), true);
    state->phase.store(ThreadState::started, std::memory_order_relaxed);  // relaxed: not shared yet
    state->take_numbers();
    if (over_) return state;  // asked by the destructor of another thread_local
    static thread_local DummyGuard guard;
    guard.state_ = state;
    ThreadRegistry::get().add(state);
    set_current_thread_state(state.get());
    return state;
  }

 private:
  static thread_local bool over_;
  std::shared_ptr<ThreadState> state_;
};
constinit thread_local bool DummyGuard::over_ = false;

std::shared_ptr<ThreadState> current_state() {
  ThreadState* state = current_thread_state();
  return state ? state->shared_from_this() : DummyGuard::make_dummy();
}

// What a new thread is given. It owns the object of a subclass until run() has ended.
struct Launch {
  std::shared_ptr<ThreadState> state;
  std::shared_ptr<threading::Thread> object;  // null: a plain Thread
};

void report(const threading::ExceptHookArgs& args) noexcept {
  try {
    threading::excepthook(args);
  } catch (...) {
    log("Exception in threading.excepthook:\n" + exception_text(std::current_exception()));
  }
}

void run_and_report(const Launch& launch) noexcept {
  threading::Thread handle = ThreadAccess::handle(launch.state);
  try {
    ThreadAccess::run(launch.object ? *launch.object : handle);
  } catch (...) {
    report({std::current_exception(), handle});
  }
}

void thread_body(void* argument) noexcept {
  const std::unique_ptr<Launch> launch(static_cast<Launch*>(argument));
  ThreadState& state = *launch->state;
  set_current_thread_state(&state);
  state.take_numbers();
  platform::name_this_thread(state.name().c_str());
  run_and_report(*launch);
  state.target = {};  // a run() of its own leaves it; user code may go with it, here as anywhere
  launch->object.reset();  // whoever has joined may rely on being the last owner
  LocalKey::end_thread();
  ThreadRegistry::get().remove(state);
  set_current_thread_state(nullptr);
  state.become_stopped();
}

seam::atomic<std::size_t> stack_size{0};  // of the threads to be started; 0: the default

// Whether the class may have a run() of its own, which needs the object.
bool has_run(const std::type_info& type) {
  return type != typeid(threading::Thread) && type != typeid(threading::Timer);
}

void launch(const threading::Thread& thread, const std::shared_ptr<ThreadState>& state) {
  auto launch = std::make_unique<Launch>(Launch{state, state->object.lock()});
  // relaxed: set before this handle came to be
  const bool subclass = state->sliced.load(std::memory_order_relaxed) || has_run(typeid(thread)) ||
                        (state->type && has_run(*state->type));
  if (subclass && !launch->object)
    throw RuntimeError("a subclass of Thread must be made by make_thread() and still be owned");
  ThreadRegistry::get().add(state);
  // relaxed: whoever sets it starts later, or has no order to lose
  const std::size_t stack = stack_size.load(std::memory_order_relaxed);
  if (platform::start_thread(thread_body, launch.get(), stack) != 0) {
    ThreadRegistry::get().withdraw(*state);
    throw RuntimeError("can't start new thread");
  }
  static_cast<void>(launch.release());  // the thread's now
}

}  // namespace
}  // namespace detail

namespace threading {

using detail::Deadline;
using detail::ThreadKind;
using detail::ThreadRegistry;
using detail::ThreadState;

Thread::Thread(ThreadOptions options) {
  const bool daemon = options.daemon ? *options.daemon : current_thread().daemon();
  if (options.name.empty()) options.name = detail::name_for(options.target.name());
  state_ = std::make_shared<ThreadState>(ThreadKind::own, std::move(options.target),
                                         std::move(options.name), daemon);
}

Thread::Thread(ThreadOptions options, const std::type_info& complete) : Thread(std::move(options)) {
  state_->type = &complete;
}

Thread::Thread(std::shared_ptr<ThreadState> state) : state_(std::move(state)) {}

Thread::Thread(const Thread& other) : state_(other.state_) {
  // relaxed: start() of this handle comes after
  if (detail::has_run(typeid(other))) state_->sliced.store(true, std::memory_order_relaxed);
}

Thread& Thread::operator=(const Thread& other) {
  if (this == &other) return *this;
  state_ = other.state_;
  // relaxed: start() of this handle comes after
  if (detail::has_run(typeid(other))) state_->sliced.store(true, std::memory_order_relaxed);
  return *this;
}

Thread::~Thread() = default;

void Thread::own(const std::shared_ptr<Thread>& thread) {
  const Thread& object = *thread;
  object.state_->object = thread;
  object.state_->type = &typeid(object);
}

void Thread::run() {
  detail::Target target = std::move(state_->target);
  if (target) target();
}

void Thread::start() const {
  std::uint32_t expected = ThreadState::initial;
  // relaxed: decides who starts it; the system's thread creation orders what run() sees.
  if (!state_->phase.compare_exchange_strong(expected, ThreadState::started,
                                             std::memory_order_relaxed))
    throw RuntimeError("threads can only be started once");
  // relaxed: only takes back what a failed start has left; nobody has a number yet.
  state_->native_id.store(0, std::memory_order_relaxed);
  try {
    detail::launch(*this, state_);
  } catch (...) {
    state_->phase.store(ThreadState::initial, std::memory_order_relaxed);  // relaxed: as above
    detail::unpark_all(state_->phase);
    // release pairs with the acquire in native_id(): who waits for the number gets none.
    state_->native_id.store(ThreadState::no_number, std::memory_order_release);
    detail::unpark_all(state_->native_id);
    throw;
  }
}

void Thread::join(Timeout timeout) const {
  if (state_->kind == ThreadKind::dummy) throw RuntimeError("cannot join a dummy thread");
  // relaxed: what counts is seen by wait_until_stopped()
  if (state_->phase.load(std::memory_order_relaxed) == ThreadState::initial)
    throw RuntimeError("cannot join thread before it is started");
  if (state_.get() == detail::current_thread_state())
    throw RuntimeError("cannot join current thread");
  detail::refuse_too_large(timeout);
  if (!state_->wait_until_stopped(Deadline::after(timeout))) return;
  if (!timeout.is_forever() && !state_->try_reap()) return;  // ended but for its destructors
  state_->reap();
  ThreadRegistry::get().forget(*state_);
}

bool Thread::is_alive() const {
  // acquire pairs with the release in become_stopped(): what the thread did is visible.
  return state_->phase.load(std::memory_order_acquire) == ThreadState::started;
}

std::optional<std::uint64_t> Thread::ident() const {
  if (!native_id()) return std::nullopt;  // also waits until the thread has come so far
  return state_->ident.load(std::memory_order_acquire);  // pairs with take_numbers()
}

std::optional<std::uint64_t> Thread::native_id() const {
  for (;;) {
    // acquire pairs with the release in take_numbers().
    const std::uint32_t number = state_->native_id.load(std::memory_order_acquire);
    if (number == ThreadState::no_number) return std::nullopt;
    if (number != 0) return number;
    // relaxed: a hint; not started, or the main thread before it was ever met
    if (state_->phase.load(std::memory_order_relaxed) != ThreadState::started ||
        state_->kind != ThreadKind::own)
      return std::nullopt;
    detail::park(state_->native_id, 0, Deadline::never());
  }
}

std::string Thread::name() const { return state_->name(); }
void Thread::name(std::string name) const { state_->name(std::move(name)); }

// relaxed: a flag that orders nothing
bool Thread::daemon() const { return state_->daemon.load(std::memory_order_relaxed); }

void Thread::daemon(bool daemon) const {
  // relaxed: who sets it and starts it at once, in two threads, has no order to lose
  if (state_->phase.load(std::memory_order_relaxed) != ThreadState::initial)
    throw RuntimeError("cannot set daemon status of active thread");
  state_->daemon.store(daemon, std::memory_order_relaxed);  // relaxed: as above
}

bool operator==(const Thread& a, const Thread& b) { return a.state_ == b.state_; }

namespace {
// Python's __class__.__name__: the last part of the name.
std::string class_name(ThreadKind kind, const std::type_info& type) {
  if (kind == ThreadKind::main) return "_MainThread";
  if (kind == ThreadKind::dummy) return "_DummyThread";
  const std::string name = detail::type_name(type);
  const std::string_view bare = std::string_view(name).substr(0, name.find('<'));
  const auto last = bare.rfind("::");
  return last == bare.npos ? name : name.substr(last + 2);
}
}  // namespace

std::string to_string(const Thread& thread) {
  const ThreadState& state = *thread.state_;
  const std::type_info& type = state.type ? *state.type : typeid(thread);
  const auto phase = state.phase.load(std::memory_order_acquire);  // pairs with become_stopped()
  std::string text = "<" + class_name(state.kind, type) + "(" + state.name();
  constexpr const char* names[] = {", initial", ", started", ", stopped"};
  text += names[phase];
  if (thread.daemon()) text += " daemon";
  if (const auto ident = thread.ident()) text.append(" ").append(std::to_string(*ident));
  return text + ")>";
}

Thread current_thread() { return detail::ThreadAccess::handle(detail::current_state()); }
Thread main_thread() { return detail::ThreadAccess::handle(ThreadRegistry::get().main()); }

std::vector<Thread> enumerate() {
  std::vector<Thread> threads;
  for (auto& state : ThreadRegistry::get().all())
    threads.push_back(detail::ThreadAccess::handle(std::move(state)));
  return threads;
}

std::size_t active_count() { return ThreadRegistry::get().size(); }
std::uint64_t get_ident() { return detail::get_this_thread_ident(); }
std::uint64_t get_native_id() { return platform::native_thread_id(); }

std::size_t stack_size(std::int64_t size) {
  if (size < 0) throw ValueError("size must be 0 or a positive value");
  const auto bytes = static_cast<std::size_t>(size);
  if (bytes != 0 && !platform::is_stack_size(bytes))
    throw ValueError("size not valid: " + std::to_string(bytes) + " bytes");
  return detail::stack_size.exchange(bytes, std::memory_order_relaxed);  // relaxed: see launch()
}

}  // namespace threading
}  // namespace tandem::inline v1

std::size_t std::hash<tandem::threading::Thread>::operator()(
    const tandem::threading::Thread& thread) const noexcept {
  return std::hash<const void*>()(tandem::detail::ThreadAccess::identity(thread));
}
