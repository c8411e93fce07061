// Starting a process by a server that forks on request.
//
//   client                                          server: spawned, without threads
//     start_by_server()                               serve()
//       one packet: status socket, data, open files     │ fork()
//       ────────────────────────────────────────────►   ├──────► child: run_prepared()
//       pid, and a handle of the child                  │
//       ◄────────────── status socket ───────────────   │
//       its exit code, when it has ended                │
//       ◄────────────── status socket ───────────────   │ waits for all children and for packets
//
// All of a family share the connection to the server; it ends when nobody has that any more.
#include "multiprocessing/forkserver.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "multiprocessing/helper.hpp"
#include "multiprocessing/preparation.hpp"
#include "multiprocessing/turns.hpp"
#include "platform/fork.hpp"
#include "platform/poll.hpp"
#include "platform/shared_memory.hpp"
#include "platform/socket.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

// ---- the client ----

struct Client {
  ForkSafeMutex mutex{ForkStage::executors};
  Helper server;  // guarded by mutex

  static Client& get() {
    static Client& forever = *new Client;  // never destroyed, as the book
    return forever;
  }
};
[[maybe_unused]] const Client& fork_server_at_start = Client::get();

bool is_there(const Helper& server) noexcept { return server && !server.has_hung_up(); }

// With the mutex held. Returns the one before, which was killed or ends.
Helper start_server(Helper& server) {
  platform::SocketPair pair;
  if (const int error = platform::open_socket_pair(platform::SocketKind::packets, pair))
    throw_os_error(error);
  const int end = pair.second.get();
  return std::exchange(server, Helper(std::move(pair.first), [end] {
                         return execute_again("server=" + std::to_string(end), {end});
                       }));
}

// So that what the child is told of it is right.
void ensure_server() {
  Client& own = Client::get();
  Helper former;
  const std::scoped_lock guard(own.mutex);
  if (is_there(own.server)) return;
  former = start_server(own.server);
}

// The server that is asked: another thread may start another one meanwhile.
struct Asked {
  platform::Handle connection;
  std::shared_ptr<subprocess::detail::Child> child;  // null: another process' child

  static Asked now() {
    Client& own = Client::get();
    const std::scoped_lock guard(own.mutex);
    return {own.server.duplicate_handle(), own.server.child()};
  }
  bool has_hung_up() const noexcept {
    return !connection || platform::is_hung_up(connection.get());
  }
};

// One packet; a server that was killed is started again, and no other: it has children to answer
// for. One that has ended before it was asked answers no less than one that ends then: see
// without_answer(). It may have stopped, and so many may have asked it that this one has to wait.
Asked send_request(const std::vector<int>& handles) {
  const char request = 'f';
  for (bool again = true;; again = false) {
    Asked server = Asked::now();
    const auto sent = platform::send_some(server.connection.get(), &request, 1, handles);
    if (sent.error == 0) return server;
    if (!server.has_hung_up()) throw_os_error(sent.error);
    if (!again) return server;
    ensure_server();
  }
}

struct Answer {
  std::int32_t pid = 0;
  std::int32_t error = 0;  // of the system
};

bool is_readable(int handle) noexcept {
  platform::Polled polled[] = {{handle}};
  const auto now = seam::clock::time_point::min();
  return platform::poll(polled, &now) == 0 && polled[0].ready;
}

// That it has ended says its own handle; with which exit code, the server. What a server that was
// killed has not said is 255, as CPython has it.
class ServedChild final : public Running {
 public:
  ServedChild(int pid, platform::Handle sentinel, platform::Handle handle, platform::Handle status)
      : Running(pid, std::move(sentinel)),
        process_(pid, std::move(handle)),
        status_(std::move(status)) {}

  std::optional<int> poll() noexcept override {
    const std::scoped_lock guard(turns_.get());
    if (!returncode_ && is_readable(sentinel())) ask_server();
    return returncode_;
  }

  bool wait(Deadline until) override {
    while (!poll()) {
      if (until.passed()) return false;
      const ParkedInSystem parked;
      const auto when = until.when();
      process_.sleep_until_ended(until.is_never() ? nullptr : &when);
    }
    return true;
  }

  void send_signal(int signal) override {
    if (poll()) return;
    const int error = process_.send_signal(signal);
    if (error != 0 && error != ESRCH) throw_os_error(error);
  }

 private:
  // It is about to say it. In one's turn.
  void ask_server() noexcept {
    std::int32_t code = 0;
    const auto got = platform::receive_some(status_.get(), &code, sizeof code);
    returncode_ = got.error == 0 && got.count == sizeof code ? code : 255;
  }

  Turns turns_;
  const platform::Process process_;
  const platform::Handle status_;
  std::optional<int> returncode_;  // written in one's turn
};

// A server that never came to serve: the program does not call freeze_support(). It counts as the
// child, which would have ended so.
class NeverServed final : public Running {
 public:
  NeverServed(int pid, int exitcode, platform::Handle status)
      : Running(pid, std::move(status)), exitcode_(exitcode) {}
  std::optional<int> poll() noexcept override { return exitcode_; }
  bool wait(Deadline) override { return true; }
  void send_signal(int) override {}

 private:
  const int exitcode_;
};

// One that has hung up is about to end by itself.
std::shared_ptr<Running> without_answer(const Asked& server, platform::Handle status) {
  if (!server.child || !server.has_hung_up()) throw EOFError("unexpected EOF");
  server.child->wait(Deadline::after(Helper::ends_within));
  const auto exitcode = server.child->returncode();
  if (!exitcode || *exitcode <= 0) throw EOFError("unexpected EOF");
  return std::make_shared<NeverServed>(server.child->pid(), *exitcode, std::move(status));
}

std::shared_ptr<Running> await_answer(const Asked& server, platform::Handle status) {
  Answer answer;
  std::vector<platform::Handle> handles;
  const auto got = platform::receive_some(status.get(), &answer, sizeof answer, &handles);
  if (got.error != 0) throw_os_error(got.error);
  if (got.count != sizeof answer) return without_answer(server, std::move(status));
  if (answer.error != 0) throw_os_error(answer.error);
  if (handles.empty()) throw_os_error(EMFILE);
  platform::Handle sentinel;
  if (const int error = platform::duplicate_handle(handles.front().get(), sentinel))
    throw_os_error(error);
  return std::make_shared<ServedChild>(answer.pid, std::move(sentinel), std::move(handles.front()),
                                       std::move(status));
}

// ---- the server ----

struct Served {
  platform::Process process;
  platform::Handle status;
};

struct ChildRequest {
  platform::Handle status;
  platform::Handle data;
  std::vector<platform::Handle> others;
};

[[noreturn]] void become_child(ChildRequest request) noexcept {
  begin_as_copy();
  platform::ignore_interrupts(false);
  int code = EXIT_FAILURE;
  try {
    const std::string bytes = read_memory_file(request.data.get());
    request.data.reset();
    request.status.reset();
    pickle::Input input(std::as_bytes(std::span(bytes)), std::move(request.others));
    code = run_prepared(input);
  } catch (...) {
    log(exception_text(std::current_exception()));
  }
  end_copy(code);
}

class Server {
 public:
  explicit Server(platform::Handle connection) : connection_(std::move(connection)) {}

  void run() {
    for (;;) {
      auto polled = sleep();
      for (std::size_t i = children_.size(); i-- > 0;)
        if (polled[i + 1].ready) report_end(i);
      if (polled[0].ready && !take_request()) return;
    }
  }

 private:
  // Until there is a packet, or a child has ended.
  std::vector<platform::Polled> sleep() {
    std::vector<platform::Polled> polled{{connection_.get()}};
    for (const Served& child : children_) polled.push_back({child.process.handle()});
    if (const int error = platform::poll(polled, nullptr)) throw_os_error(error);
    return polled;
  }

  void report_end(std::size_t index) {
    const auto ending = children_[index].process.reap();
    if (!ending) return;
    const std::int32_t code = ending->by_signal ? -ending->value : ending->value;
    platform::send_at_once(children_[index].status.get(), &code, sizeof code);
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  // Returns false when there are no clients any more.
  bool take_request() {
    char byte = 0;
    std::vector<platform::Handle> handles;
    const auto got = platform::receive_at_once(connection_.get(), &byte, 1, &handles);
    if (got.error == EAGAIN) return true;
    if (got.error == 0 && got.count == 0) return false;
    if (got.error == 0 && handles.size() >= 2) fork_for(handles);
    return true;
  }

  void fork_for(std::vector<platform::Handle>& handles) {
    ChildRequest request{std::move(handles[0]), std::move(handles[1]), {}};
    handles.erase(handles.begin(), handles.begin() + 2);
    request.others = std::move(handles);
    const int pid = platform::fork_process();
    if (pid == 0) {
      connection_.reset();
      children_.clear();
      become_child(std::move(request));
    }
    Answer answer{pid, pid == -1 ? errno : 0};
    platform::Process process(pid, platform::Handle());
    if (pid != -1 && !process.obtain_handle()) answer.error = errno;
    const int handle = process.handle();
    const std::span<const int> sent(&handle, process.has_handle() ? 1 : 0);
    platform::send_at_once(request.status.get(), &answer, sizeof answer, sent);
    if (pid == -1) return;
    if (answer.error == 0)
      children_.push_back({std::move(process), std::move(request.status)});
    else
      end_at_once(process);
  }

  platform::Handle connection_;
  std::vector<Served> children_;
};

}  // namespace

platform::Handle fork_server_handle() { return Asked::now().connection; }

void adopt_fork_server(platform::Handle handle) noexcept {
  Client& own = Client::get();
  Helper parents(std::move(handle));
  const std::scoped_lock guard(own.mutex);
  own.server = std::move(parents);
}

void stop_fork_server() noexcept {
  Client& own = Client::get();
  Helper server;
  const std::scoped_lock guard(own.mutex);
  server = std::exchange(own.server, {});
}

int serve(platform::Handle connection) noexcept {
  platform::keep_from_children(connection.get());
  platform::ignore_interrupts(true);
  platform::close_stdin();
  try {
    Server(std::move(connection)).run();
    return EXIT_SUCCESS;
  } catch (...) {
    log("Exception in the fork server:\n" + exception_text(std::current_exception()));
    return EXIT_FAILURE;
  }
}

std::shared_ptr<Running> start_by_server(const std::shared_ptr<ProcessState>& state,
                                         const std::shared_ptr<multiprocessing::Process>& object) {
  pickle::Output output(pickle::Sharing::INHERITANCE);
  check_bootstrapped();
  ensure_server();
  write_preparation(output, state, object, StartMethod::forkserver);
  const platform::Handle data = to_memory_file(output.pieces());
  platform::SocketPair status;
  if (const int error = platform::open_socket_pair(platform::SocketKind::packets, status))
    throw_os_error(error);
  std::vector<int> handles{status.second.get(), data.get()};
  std::ranges::copy(output.descriptors(), std::back_inserter(handles));
  if (handles.size() > platform::most_handles_sent) throw ValueError("too many fds");
  platform::flush_standard_streams();
  const Asked server = send_request(handles);
  status.second.reset();
  return await_answer(server, std::move(status.first));
}

}  // namespace tandem::inline v1::multiprocessing::detail
