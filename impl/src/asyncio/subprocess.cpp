#include "tandem/asyncio/subprocess.hpp"

#include <ostream>
#include <set>
#include <utility>

#include "asyncio/guarded.hpp"
#include "asyncio/process_transport.hpp"
#include "asyncio/writer_state.hpp"
#include "tandem/asyncio/gather.hpp"

namespace tandem::inline v1::asyncio {

namespace {

constexpr int sigkill = 9, sigterm = 15;  // the same on every system

}  // namespace

void SubprocessProtocol::connection_made(const SubprocessTransport&) {}
void SubprocessProtocol::pipe_data_received(int, std::string_view) {}
void SubprocessProtocol::pipe_connection_lost(int, std::exception_ptr) {}
void SubprocessProtocol::process_exited() {}

int SubprocessTransport::get_pid() const noexcept { return state_->pid(); }
std::optional<int> SubprocessTransport::get_returncode() const noexcept {
  return state_->returncode();
}
std::optional<Transport> SubprocessTransport::get_pipe_transport(int fd) const {
  return state_->pipe(fd);
}
void SubprocessTransport::send_signal(int signal) const { state_->send_signal(signal); }
void SubprocessTransport::terminate() const { send_signal(sigterm); }
void SubprocessTransport::kill() const { send_signal(sigkill); }
void SubprocessTransport::set_protocol(std::shared_ptr<SubprocessProtocol> protocol) const {
  state_->set_protocol(std::move(protocol));
}
std::shared_ptr<SubprocessProtocol> SubprocessTransport::get_protocol() const {
  return state_->protocol();
}
void SubprocessTransport::close() const { state_->close(); }
bool SubprocessTransport::is_closing() const noexcept { return state_->is_closing(); }
std::string to_string(const SubprocessTransport& transport) {
  return transport.state()->to_string();
}
std::ostream& operator<<(std::ostream& out, const SubprocessTransport& transport) {
  return out << to_string(transport);
}

namespace detail {

// ---- the child's streams ----

// CPython's SubprocessStreamProtocol.
class ProcessStreams final : public SubprocessProtocol {
 public:
  ProcessStreams(const EventLoop& loop, std::ptrdiff_t limit)
      : loop_(loop), limit_(limit), flow_(std::make_shared<FlowControl>(loop)) {}

  void connection_made(const SubprocessTransport& transport) override {
    transport_ = transport;
    begin_reading(1, out);
    begin_reading(2, err);
    if (const auto pipe = transport.get_pipe_transport(0))
      in.emplace(std::make_shared<WriterState>(loop_, *pipe, flow_, nullptr));
  }
  void pipe_data_received(int fd, std::string_view data) override {
    if (const auto& reader = fd == 1 ? out : err) reader->feed_data(data);
  }
  void pipe_connection_lost(int fd, std::exception_ptr error) override {
    if (fd == 0) {
      if (in) in->close();
      flow_->end(error);
      flow_->close(error);
      return;
    }
    if (const auto& reader = fd == 1 ? out : err)
      error ? reader->set_exception(error) : reader->feed_eof();
    open_.erase(fd);
    close_if_done();
  }
  void process_exited() override {
    exited_ = true;
    close_if_done();
  }
  void connection_lost(std::exception_ptr error) override { flow_->end(error); }
  void pause_writing() override { flow_->pause(); }
  void resume_writing() override { flow_->resume(); }

  std::optional<StreamWriter> in{};
  std::optional<StreamReader> out{}, err{};

 private:
  void begin_reading(int fd, std::optional<StreamReader>& reader) {
    const auto pipe = transport_->get_pipe_transport(fd);
    if (!pipe) return;
    reader.emplace(limit_, loop_);
    reader->set_transport(*pipe);
    open_.insert(fd);
  }
  void close_if_done() {
    if (!exited_ || !open_.empty()) return;
    if (const auto transport = std::exchange(transport_, std::nullopt)) transport->close();
  }

  const EventLoop loop_;
  const std::ptrdiff_t limit_;
  const std::shared_ptr<FlowControl> flow_;
  std::optional<SubprocessTransport> transport_{};
  std::set<int> open_{};
  bool exited_ = false;
};

// ---- starting ----

Plan::Plan(v1::subprocess::Command its_command, const ProcessOptions& its_options)
    : command(std::move(its_command)) {
  options.stdin_ = its_options.stdin_;
  options.stdout_ = its_options.stdout_;
  options.stderr_ = its_options.stderr_;
  options.close_fds = its_options.close_fds;
  if (its_options.cwd) options.cwd = *its_options.cwd;
  options.restore_signals = its_options.restore_signals;
  options.start_new_session = its_options.start_new_session;
  options.umask = its_options.umask;
  options.process_group = its_options.process_group;
}

namespace {

void check(PopenOptions& options, bool shell) {
  if (options.universal_newlines.value_or(false))
    throw ValueError("universal_newlines must be False");
  if (options.shell && !shell) throw ValueError("shell must be False");
  if (options.bufsize > 0) throw ValueError("bufsize must be 0");
  if (options.text.value_or(false)) throw ValueError("text must be False");
  if (options.encoding) throw ValueError("encoding must be None");
  if (options.errors) throw ValueError("errors must be None");
  options.shell = shell;
  options.bufsize = 0;
}

}  // namespace

Coroutine<SubprocessTransport> start_process(std::shared_ptr<SubprocessProtocol> protocol,
                                             Plan plan, bool shell) {
  EventLoop loop = get_running_loop();
  check(plan.options, shell);
  const Future<> waiter(loop);
  const auto transport = ProcessTransport::make(loop, std::move(protocol), std::move(plan), waiter);
  std::exception_ptr error;
  try {
    co_await waiter;
  } catch (...) {
    error = caught_by_loop();
  }
  if (error) {
    transport->close();
    co_await ProcessTransport::wait(transport);
    std::rethrow_exception(error);
  }
  co_return SubprocessTransport(transport);
}

Coroutine<Process> create_process(Plan plan, bool shell, std::ptrdiff_t limit) {
  EventLoop loop = get_running_loop();
  const auto streams = std::make_shared<ProcessStreams>(loop, limit);
  const SubprocessTransport transport = co_await start_process(streams, std::move(plan), shell);
  co_return Process(transport.state(), streams);
}

// ---- communicating ----

namespace {

Coroutine<> feed(std::shared_ptr<ProcessStreams> streams, std::optional<std::string> input) {
  if (!streams->in) co_return;
  const StreamWriter writer = *streams->in;
  try {
    if (input) writer.write(*input);
    co_await writer.drain();
  } catch (const BrokenPipeError&) {
    // a child does not have to read
  } catch (const ConnectionResetError&) {
  }
  writer.close();
}

Coroutine<std::optional<std::string>> read_all(std::shared_ptr<ProcessTransport> process,
                                               std::optional<StreamReader> reader, int fd) {
  if (!reader) co_return std::nullopt;
  const auto pipe = process->pipe(fd);
  std::string output = co_await reader->read();
  pipe->close();
  co_return output;
}

Coroutine<v1::subprocess::Output> communicate(std::shared_ptr<ProcessTransport> process,
                                              std::shared_ptr<ProcessStreams> streams,
                                              std::optional<std::string> input) {
  auto ended = gather(feed(streams, std::move(input)), read_all(process, streams->out, 1),
                      read_all(process, streams->err, 2));
  auto [fed, out, err] = co_await std::move(ended);
  co_await ProcessTransport::wait(process);
  co_return v1::subprocess::Output{std::move(out), std::move(err)};
}

template <class Stream>
const Stream& pipe(const std::optional<Stream>& stream, const char* name) {
  if (!stream) throw ValueError(std::string(name) + " is not a PIPE");
  return *stream;
}

}  // namespace

}  // namespace detail

Process::Process(std::shared_ptr<detail::ProcessTransport> transport,
                 std::shared_ptr<detail::ProcessStreams> streams) noexcept
    : transport_(std::move(transport)), streams_(std::move(streams)) {}
int Process::pid() const noexcept { return transport_->pid(); }
std::optional<int> Process::returncode() const noexcept { return transport_->returncode(); }
const StreamWriter& Process::stdin_() const { return detail::pipe(streams_->in, "stdin"); }
const StreamReader& Process::stdout_() const { return detail::pipe(streams_->out, "stdout"); }
const StreamReader& Process::stderr_() const { return detail::pipe(streams_->err, "stderr"); }
Coroutine<int> Process::wait() const { return detail::ProcessTransport::wait(transport_); }
Coroutine<v1::subprocess::Output> Process::communicate(std::optional<std::string> input) const {
  return detail::communicate(transport_, streams_, std::move(input));
}
void Process::send_signal(int signal) const { transport_->send_signal(signal); }
void Process::terminate() const { send_signal(sigterm); }
void Process::kill() const { send_signal(sigkill); }
std::string to_string(const Process& process) {
  return "<Process " + std::to_string(process.pid()) + ">";
}
std::ostream& operator<<(std::ostream& out, const Process& process) {
  return out << to_string(process);
}

}  // namespace tandem::inline v1::asyncio
