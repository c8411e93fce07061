#include "asyncio/process_transport.hpp"

#include <utility>

#include "asyncio/loop_state.hpp"
#include "subprocess/pipe_file.hpp"
#include "tandem/asyncio/transports.hpp"
#include "tandem/core/log.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::asyncio::detail {

// CPython's ReadSubprocessPipeProto and WriteSubprocessPipeProto.
class ProcessTransport::PipeProtocol final : public Protocol {
 public:
  PipeProtocol(std::shared_ptr<ProcessTransport> process, int fd)
      : process_(std::move(process)), fd_(fd) {}

  void connection_made(const Transport& transport) override { transport_ = transport; }
  void data_received(std::string_view data) override {
    process_->pipe_data_received(fd_, std::string(data));
  }
  void connection_lost(std::exception_ptr error) override {
    disconnected_ = true;
    std::exchange(process_, nullptr)->pipe_connection_lost(fd_, error);
  }
  void pause_writing() override {
    const auto protocol = process_->protocol();  // it may give the transport another one
    protocol->pause_writing();
  }
  void resume_writing() override {
    const auto protocol = process_->protocol();
    protocol->resume_writing();
  }

  const Transport& transport() const noexcept { return transport_; }
  bool is_disconnected() const noexcept { return disconnected_; }

 private:
  std::shared_ptr<ProcessTransport> process_;  // until it is lost
  const int fd_;
  Transport transport_{};
  bool disconnected_ = false;
};

ProcessTransport::ProcessTransport(const EventLoop& loop,
                                   std::shared_ptr<SubprocessProtocol> protocol)
    : Resource(state_of(loop).resources), loop_(loop), protocol_(std::move(protocol)) {}

// The loop was closed before the child has ended.
ProcessTransport::~ProcessTransport() {
  leave();
  if (!child_ || returncode_) return;
  if (!closed_) {
    log("ResourceWarning: unclosed transport " + to_string());
    try {
      close();
    } catch (const std::exception&) {
      // it cannot be killed
    }
  }
  try {
    if (!child_->poll()) v1::subprocess::detail::adopt_orphan(child_);
  } catch (const std::exception&) {
    // no memory to remember it by
  }
}

std::shared_ptr<ProcessTransport> ProcessTransport::make(
    const EventLoop& loop, std::shared_ptr<SubprocessProtocol> protocol, Plan plan,
    const Future<>& waiter) {
  const std::shared_ptr<ProcessTransport> self(new ProcessTransport(loop, std::move(protocol)));
  const auto popen =
      v1::subprocess::detail::launch(std::move(plan.command), std::move(plan.options));
  self->child_ = popen->child;
  self->pid_ = popen->child->pid();
  std::unique_ptr<v1::subprocess::PipeFile>* const files[] = {&popen->in, &popen->out, &popen->err};
  for (std::size_t i = 0; i < self->ends_.size(); ++i) {
    if (!*files[i]) continue;
    self->has_pipe_[i] = true;
    if (const int error = platform::duplicate_handle((*files[i])->fileno(), self->ends_[i]))
      throw_os_error(error);
    (*files[i])->close();
  }
  loop.create_task(connect_pipes(self, waiter))
      .add_done_callback([self, waiter](const AnyFuture& task) {
        const auto error =
            task.cancelled() ? std::make_exception_ptr(CancelledError()) : task.exception();
        if (error) self->give_up(error, waiter);
      });
  self->watch();
  return self;
}

// ---- its end ----

// CPython's PidfdChildWatcher; where there are no handles of children, its ThreadedChildWatcher.
void ProcessTransport::watch() {
  const auto self = shared_from_this();
  if (child_->duplicate_handle(end_of_child_)) {
    loop_.add_reader(end_of_child_.get(), [self] {
      const auto kept = self;
      kept->loop_.remove_reader(kept->end_of_child_.get());
      kept->end_of_child_.reset();
      kept->loop_.call_soon([kept] { kept->exited(kept->child_->poll().value_or(255)); });
    });
    return;
  }
  // The thread does not own it, or it might be the last one that does.
  const auto exited = [known = std::weak_ptr(self)] {
    if (const auto found = known.lock()) found->exited(found->child_->returncode().value_or(255));
  };
  threading::Thread({.target =
                         [exited, child = child_, loop = loop_] {
                           child->wait(v1::subprocess::detail::Deadline::after({}));
                           try {
                             loop.call_soon_threadsafe(exited);
                           } catch (const RuntimeError&) {
                             // it is closed: nobody wants to know
                           }
                         },
                     .name = "asyncio-waitpid",
                     .daemon = true})
      .start();
  owned_by_loop_ = self;
}

void ProcessTransport::exited(int returncode) {
  const auto self = shared_from_this();
  owned_by_loop_ = nullptr;
  returncode_ = returncode;
  call([](SubprocessProtocol& protocol) { protocol.process_exited(); });
  finish_if_done();
}

// A place among those who wait.
class ProcessTransport::Waiting {
 public:
  explicit Waiting(ProcessTransport& process)
      : waiters_(process.exit_waiters_), place_(waiters_.emplace(waiters_.end(), process.loop_)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { waiters_.erase(place_); }
  const Future<int>& future() const noexcept { return *place_; }

 private:
  std::list<Future<int>>& waiters_;
  const std::list<Future<int>>::iterator place_;
};

Coroutine<int> ProcessTransport::wait(std::shared_ptr<ProcessTransport> self) {
  if (self->returncode_) co_return *self->returncode_;
  const Waiting waiting(*self);
  co_return co_await waiting.future();
}

void ProcessTransport::finish_if_done() {
  if (!returncode_ || finished_) return;
  for (std::size_t i = 0; i < pipes_.size(); ++i)
    if (has_pipe_[i] && (!pipes_[i] || !pipes_[i]->is_disconnected())) return;
  finished_ = true;
  if (pending_)
    pending_->push_back(nullptr);
  else
    loop_.call_soon([self = shared_from_this()] { self->lose(); });
}

void ProcessTransport::lose() {
  struct End {
    ProcessTransport& process;
    ~End() {
      for (const Future<int>& waiter : process.exit_waiters_)
        if (!waiter.cancelled()) waiter.set_result(*process.returncode_);
      process.lost_ = true;
      process.protocol_ = nullptr;
      process.leave();
    }
  };
  const auto protocol = protocol_;
  const End end{*this};
  if (!given_up_) protocol->connection_lost(nullptr);
}

void ProcessTransport::let_go() noexcept {
  const auto self = shared_from_this();
  const auto protocol = std::exchange(protocol_, nullptr);
  const auto pipes = std::exchange(pipes_, {});
  owned_by_loop_ = nullptr;
}

// ---- its pipes ----

Coroutine<> ProcessTransport::connect_pipes(std::shared_ptr<ProcessTransport> self,
                                            Future<> waiter) {
  for (int fd = 0; fd < 3; ++fd) {
    const auto at = static_cast<std::size_t>(fd);
    if (!self->has_pipe_[at]) continue;
    const auto protocol = std::make_shared<PipeProtocol>(self, fd);
    const ProtocolFactory factory = [protocol] { return protocol; };
    co_await connect_pipe(factory, self->ends_[at].release(), fd == 0);
    self->pipes_[at] = protocol;
    if (self->closed_) protocol->transport().close();
  }
  self->call_soon([transport = SubprocessTransport(self)](SubprocessProtocol& protocol) {
    protocol.connection_made(transport);
  });
  auto pending = std::exchange(self->pending_, std::nullopt);
  for (Call& call : *pending) {
    if (call)
      self->call_soon(std::move(call));
    else
      self->loop_.call_soon([self] { self->lose(); });
  }
  if (!waiter.done()) waiter.set_result();
}

// A pipe could not be connected, or who connects them was cancelled, perhaps before he had begun:
// nobody waits for those that are not, and the protocol is told nothing.
void ProcessTransport::give_up(const std::exception_ptr& error, const Future<>& waiter) {
  given_up_ = true;
  if (std::exchange(pending_, std::nullopt))
    finished_ = false;  // that it was, was to be told there
  for (std::size_t i = 0; i < pipes_.size(); ++i) {
    if (pipes_[i]) continue;
    has_pipe_[i] = false;
    ends_[i].reset();
  }
  finish_if_done();
  if (!waiter.done()) waiter.set_exception(error);
}

void ProcessTransport::call_soon(Call call) {
  loop_.call_soon([protocol = protocol_, call = std::move(call)] { call(*protocol); });
}
void ProcessTransport::call(Call call) {
  if (given_up_) return;
  if (pending_)
    pending_->push_back(std::move(call));
  else
    call_soon(std::move(call));
}

void ProcessTransport::pipe_data_received(int fd, std::string data) {
  call([fd, data = std::move(data)](SubprocessProtocol& protocol) {
    protocol.pipe_data_received(fd, data);
  });
}
void ProcessTransport::pipe_connection_lost(int fd, const std::exception_ptr& error) {
  call([fd, error](SubprocessProtocol& protocol) { protocol.pipe_connection_lost(fd, error); });
  finish_if_done();
}

// ---- what is done with it ----

std::optional<Transport> ProcessTransport::pipe(int fd) const {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= pipes_.size() || !pipes_[at]) return {};
  return pipes_[at]->transport();
}

void ProcessTransport::close() {
  if (std::exchange(closed_, true)) return;
  for (const auto& each : pipes_)
    if (each) each->transport().close();
  constexpr int sigkill = 9;  // the same on every system
  if (!child_ || returncode_ || child_->poll()) return;
  try {
    child_->send_signal(sigkill);
  } catch (const PermissionError&) {
    // it has changed its user
  }
}

void ProcessTransport::send_signal(int signal) {
  if (lost_) throw ProcessLookupError(std::string());
  child_->send_signal(signal);
}

std::string ProcessTransport::to_string() const {
  std::string text = "<_UnixSubprocessTransport";
  if (closed_) text += " closed";
  text += " pid=" + std::to_string(pid_);
  text += returncode_ ? " returncode=" + std::to_string(*returncode_) : " running";
  const char* const names[] = {" stdin=", " stdout=", " stderr="};
  for (std::size_t i = 0; i < pipes_.size(); ++i)
    if (pipes_[i]) text += names[i] + asyncio::to_string(pipes_[i]->transport());
  return text + ">";
}

}  // namespace tandem::inline v1::asyncio::detail
