#include "reference_runner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>

#include "property.hpp"

namespace tandem::conformance {
namespace {

constexpr int answer_timeout_ms = 120'000;

// Nothing between fork and exec but these calls: other threads may hold any lock.
[[noreturn]] void become(char* const* arguments, int socket) {
  dup2(socket, STDIN_FILENO);
  dup2(socket, STDOUT_FILENO);
  if (std::getenv("TANDEM_RUNNER_STDERR") == nullptr) {
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  }
  execvp(arguments[0], arguments);
  _exit(127);
}

std::vector<std::string> candidates() {
  std::vector<std::string> names;
  if (const char* listed = std::getenv("TANDEM_PYTHONS")) {
    std::istringstream list(listed);
    for (std::string name; std::getline(list, name, ':');)
      if (!name.empty()) names.push_back(name);
  }
  for (int minor = 14; minor >= 8; --minor) names.push_back("python3." + std::to_string(minor));
  names.emplace_back("python3");
  return names;
}

std::unique_ptr<ReferenceRunner> start_newest() {
  for (const std::string& python : candidates()) try {
      return std::make_unique<ReferenceRunner>(
          std::vector<std::string>{python, TANDEM_REFERENCE_RUNNER});
    } catch (const std::runtime_error&) {  // not there, or too old: the next one
    }
  return nullptr;
}

}  // namespace

ReferenceRunner* ReferenceRunner::find() {
  static const std::unique_ptr<ReferenceRunner> found = start_newest();
  if (found) note_reference(found->name());
  return found.get();
}

ReferenceRunner::ReferenceRunner(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair failed");
  process_ = fork();
  if (process_ == 0) become(arguments.data(), ends[1]);
  close(ends[1]);
  socket_ = ends[0];
  if (process_ < 0) throw std::runtime_error("fork failed");
  try {
    hello_ = ask({{"message", "hello"}, {"protocol", 1}});
    if (hello_.value("message", "") != "hello") throw std::runtime_error(hello_.dump());
  } catch (...) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    close(socket_);
    throw;
  }
}

ReferenceRunner::~ReferenceRunner() {
  close(socket_);  // the end of its input: it stops
  waitpid(process_, nullptr, 0);
}

bool ReferenceRunner::has_feature(const std::string& feature) const {
  for (const Json& known : hello_.at("features"))
    if (known == feature) return true;
  return false;
}

ReferenceRunner::Json ReferenceRunner::run(const std::string& kind, const Json& program) {
  const Json answer =
      ask({{"message", "run"}, {"seq", ++sequence_}, {"kind", kind}, {"program", program}});
  if (answer.at("message") != "result" || answer.at("seq") != sequence_)
    throw std::runtime_error("the reference runner says " + answer.dump());
  return answer.at("observations");
}

ReferenceRunner::Json ReferenceRunner::ask(const Json& message) {
  const std::string line = message.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t n = send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::runtime_error("the reference runner has ended");
    sent += static_cast<std::size_t>(n);
  }
  return Json::parse(read_line());
}

std::string ReferenceRunner::read_line() {
  for (;;) {
    const auto end = received_.find('\n');
    if (end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    pollfd ready{socket_, POLLIN, 0};
    const int polled = poll(&ready, 1, answer_timeout_ms);
    if (polled < 0 && errno == EINTR) continue;
    if (polled == 0) throw std::runtime_error("the reference runner does not answer");
    char buffer[65536];
    const ssize_t n = recv(socket_, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw std::runtime_error("the reference runner has ended");
    received_.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace tandem::conformance
