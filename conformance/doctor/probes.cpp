#include "probes.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>

extern char** environ;

namespace doctor {
namespace {

constexpr unsigned probe_seconds = 10;

struct Robust {
  pthread_mutex_t mutex;
  std::atomic<bool> held;
};

bool made_robust(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  const bool made = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
                    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
                    pthread_mutex_init(&mutex, &attributes) == 0;
  pthread_mutexattr_destroy(&attributes);
  return made;
}

[[noreturn]] void hold_for_ever(Robust& shared) {
  pthread_mutex_lock(&shared.mutex);
  shared.held = true;
  for (;;) pause();
}

std::string all_of(int pipe) {
  std::string text;
  char piece[512];
  for (ssize_t got; (got = read(pipe, piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  return text;
}

[[noreturn]] void answer_and_end(const Probe& probe, int pipe) {
  setpgid(0, 0);             // what it leaves behind is told apart by that
  signal(SIGTTOU, SIG_IGN);  // so it may be in the background of a terminal that stops who writes
  alarm(probe_seconds);
  dup2(STDERR_FILENO, STDOUT_FILENO);  // an emulator that fails may say so there, amid the answers
  const Answer answer = probe.ask();
  _exit(write(pipe, answer.data(), answer.size()) < 0 ? 1 : 0);
}

}  // namespace

Answer yes_if(bool seen, const std::string& otherwise) { return seen ? "yes" : no(otherwise); }
Answer no(const std::string& why) { return "no: " + why; }
Answer unknown(const std::string& why) { return "unknown: " + why; }
Answer failed(const std::string& call) { return no(call + ": " + std::strerror(errno)); }

Answer asked_apart(const Probe& probe) {
  int ends[2];
  if (pipe(ends) != 0) return unknown("no pipe for the answer");
  const pid_t child = fork();
  if (child == 0) answer_and_end(probe, ends[1]);
  close(ends[1]);
  int status = 0;
  if (child > 0) {
    siginfo_t ended{};  // its number is nobody else's before it is reaped
    while (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    kill(-child, SIGKILL);  // a child of a probe that hangs would hold the pipe for ever
    waitpid(child, &status, 0);
  }
  const Answer answer = child > 0 ? all_of(ends[0]) : "";
  close(ends[0]);
  if (child < 0) return unknown("no fork() to ask in");
  if (WIFSIGNALED(status))
    return no(WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
  return answer.empty() ? no("ends the process") : answer;
}

int end_of(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int run(const char* program, std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  errno = posix_spawn(&child, program, nullptr, nullptr, pointers.data(), environ);
  return errno == 0 ? end_of(child) : -1;
}

void* shared_page() {
  void* page = mmap(nullptr, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)),
                    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : page;
}

Answer fork_works() {
  const pid_t child = fork();
  if (child < 0) return failed("fork");
  if (child == 0) _exit(7);
  return yes_if(end_of(child) == 7, "the child's exit code is lost");
}

// Of a process with threads, whose child starts one of its own.
Answer threads_after_fork() {
  std::atomic<bool> over{false};
  std::thread other([&over] {
    while (!over) std::this_thread::yield();
  });
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; ++i) std::thread([] {}).join();
    _exit(7);
  }
  const int code = child < 0 ? -1 : end_of(child);
  over = true;
  other.join();
  if (child < 0) return unknown("no fork()");
  return yes_if(code == 7,
                "a child of fork() that starts a thread ends with " + std::to_string(code));
}

Answer shared_memory() {
  auto* word = static_cast<std::atomic<int>*>(shared_page());
  if (word == nullptr) return failed("mmap");
  const pid_t child = fork();
  if (child < 0) return unknown("no fork()");
  if (child == 0) {
    word->store(1);
    _exit(0);
  }
  end_of(child);
  return yes_if(word->load() == 1, "what a child writes is not seen");
}

Answer named_shared_memory() {
  const std::string name = "/doctor-" + std::to_string(getpid());
  const int file = shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  if (file < 0) return failed("shm_open");
  const Answer answer = ftruncate(file, 1) == 0 ? "yes" : failed("ftruncate");
  shm_unlink(name.c_str());
  close(file);
  return answer;
}

// A process that holds the lock is killed: is whoever comes next told so?
Answer robust_mutexes() {
  auto* shared = static_cast<Robust*>(shared_page());
  if (shared == nullptr) return failed("mmap");
  if (!made_robust(shared->mutex)) return no("a shared robust mutex is refused");
  const pid_t child = fork();
  if (child < 0) return unknown("no fork()");
  if (child == 0) hold_for_ever(*shared);
  while (!shared->held) std::this_thread::yield();
  kill(child, SIGKILL);
  end_of(child);
  timespec soon{};
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_sec += 2;
  const int code = pthread_mutex_timedlock(&shared->mutex, &soon);
  return yes_if(code == EOWNERDEAD, std::string("after a killed owner: ") + std::strerror(code));
}

Answer descriptors_over_sockets() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return failed("socketpair");
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* first = CMSG_FIRSTHDR(&message);
  first->cmsg_level = SOL_SOCKET;
  first->cmsg_type = SCM_RIGHTS;
  first->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(first), &ends[0], sizeof(int));
  if (sendmsg(ends[0], &message, 0) != 1) return failed("sendmsg");
  if (recvmsg(ends[1], &message, 0) != 1) return failed("recvmsg");
  first = CMSG_FIRSTHDR(&message);
  if (first == nullptr) return no("nothing arrives beside the data");
  int got = -1;
  std::memcpy(&got, CMSG_DATA(first), sizeof(int));
  return yes_if(fcntl(got, F_GETFD) >= 0, "what arrives is no descriptor");
}

Answer other_programs() {
  return yes_if(run("/bin/sh", {"sh", "-c", "exit 3"}) == 3, "/bin/sh does not run");
}

}  // namespace doctor
