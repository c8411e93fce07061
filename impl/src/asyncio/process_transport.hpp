// What all handles on a child share: CPython's BaseSubprocessTransport, step by step.
#pragma once
#include <array>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asyncio/resource.hpp"
#include "platform/handle.hpp"
#include "subprocess/popen_state.hpp"
#include "tandem/asyncio/subprocess.hpp"

namespace tandem::inline v1::asyncio::detail {

// The loop knows of a child by the handle that becomes readable at its end, and by the pipes:
//
//   pipes 0, 1, 2  -- data, ends -->  ProcessTransport  -->  SubprocessProtocol
//   child's handle ---- its end --->
//
// What comes before the pipes are connected is kept (pending_): connection_made() is first.
class ProcessTransport final : public std::enable_shared_from_this<ProcessTransport>,
                               private Resource {
 public:
  // Starts the child, its pipes and the wait for its end.
  static std::shared_ptr<ProcessTransport> make(const EventLoop& loop,
                                                std::shared_ptr<SubprocessProtocol> protocol,
                                                Plan plan, const Future<>& waiter);
  ProcessTransport(const ProcessTransport&) = delete;
  ProcessTransport& operator=(const ProcessTransport&) = delete;
  ~ProcessTransport();

  int pid() const noexcept { return pid_; }
  std::optional<int> returncode() const noexcept { return returncode_; }
  std::optional<Transport> pipe(int fd) const;
  bool is_closing() const noexcept { return closed_; }
  void close();
  void send_signal(int signal);
  std::string to_string() const;
  // Keeps the transport.
  static Coroutine<int> wait(std::shared_ptr<ProcessTransport> self);

  const std::shared_ptr<SubprocessProtocol>& protocol() const noexcept { return protocol_; }
  void set_protocol(std::shared_ptr<SubprocessProtocol> protocol) noexcept {
    if (protocol && !lost_) protocol_ = std::move(protocol);
  }
  void pipe_data_received(int fd, std::string data);
  void pipe_connection_lost(int fd, const std::exception_ptr& error);

 private:
  class PipeProtocol;
  class Waiting;
  using Call = std::function<void(SubprocessProtocol& protocol)>;

  ProcessTransport(const EventLoop& loop, std::shared_ptr<SubprocessProtocol> protocol);
  void watch();
  void exited(int returncode);
  static Coroutine<> connect_pipes(std::shared_ptr<ProcessTransport> self, Future<> waiter);
  void give_up(const std::exception_ptr& error, const Future<>& waiter);
  void call(Call call);
  void call_soon(Call call);
  void finish_if_done();
  void lose();
  void let_go() noexcept override;

  const EventLoop loop_;
  std::shared_ptr<SubprocessProtocol> protocol_;
  std::shared_ptr<v1::subprocess::detail::Child> child_{};
  std::array<platform::Handle, 3> ends_{};                // of pipes that are not connected yet
  std::array<std::shared_ptr<PipeProtocol>, 3> pipes_{};  // null: not connected, or no pipe
  std::array<bool, 3> has_pipe_{};
  platform::Handle end_of_child_{};
  std::shared_ptr<ProcessTransport> owned_by_loop_{};  // itself, while a thread waits for the child
  int pid_ = -1;
  std::optional<int> returncode_{};
  std::list<Future<int>> exit_waiters_{};
  std::optional<std::vector<Call>> pending_{std::in_place};
  bool closed_ = false, given_up_ = false, finished_ = false, lost_ = false;
};

}  // namespace tandem::inline v1::asyncio::detail
