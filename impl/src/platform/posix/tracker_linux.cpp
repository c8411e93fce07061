// The tracker's own side. All of it runs before main(), in a program that is anybody's: so it needs
// nothing that has to be initialised.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/handle.hpp"
#include "platform/posix/process_linux.hpp"
#include "platform/tracker.hpp"

namespace tandem::inline v1::platform {

namespace {

constexpr const char* marker = "--multiprocessing-resource-tracker";

struct Owner {
  int pid;
  Handle process;
};
struct Tracked {
  std::string name;
  int owner;  // 0: the family
};

class Tracker {
 public:
  explicit Tracker(Handle pipe) : pipe_(std::move(pipe)) {}

  // Until all that hold the other end of the pipe have ended.
  void run() {
    while (open_) {
      sleep();
      while (read_message()) {
      }
      for (const int owner : std::exchange(ended_, {})) remove_all_of(owner);
    }
    remove_if([](const Tracked&) { return true; });
  }

 private:
  void sleep() {
    std::vector<pollfd> polled{{pipe_.get(), POLLIN, 0}};
    for (const Owner& owner : owners_) polled.push_back({owner.process.get(), POLLIN, 0});
    ::poll(polled.data(), polled.size(), -1);
    for (std::size_t i = 0; i < owners_.size(); ++i)
      if (polled[i + 1].revents != 0) ended_.push_back(owners_[i].pid);
  }

  // False: there is none yet, or there will be none.
  bool read_message() {
    TrackerMessage message;
    const ssize_t size = ::read(pipe_.get(), &message, sizeof message);
    if (size == -1) return errno == EINTR;
    if (size != sizeof message) return open_ = false;
    message.name[sizeof message.name - 1] = '\0';
    obey(message);
    return true;
  }

  void obey(const TrackerMessage& message) {
    switch (message.kind) {
      case TrackerMessage::Kind::track:
        tracked_.push_back({message.name, message.owner});
        add_owner(message.owner);
        break;
      case TrackerMessage::Kind::untrack:
        std::erase_if(tracked_, [&](const Tracked& one) { return one.name == message.name; });
        break;
      case TrackerMessage::Kind::family:
        for (Tracked& one : tracked_)
          if (one.owner == message.owner) one.owner = 0;
        forget(message.owner);
        break;
    }
  }

  void add_owner(int pid) {
    if (std::ranges::find(owners_, pid, &Owner::pid) != owners_.end()) return;
    Handle process = open_child(pid);
    if (process)
      owners_.push_back({pid, std::move(process)});
    else if (errno == ESRCH)
      ended_.push_back(pid);  // otherwise it is removed with the family's
  }

  void forget(int pid) {
    std::erase_if(owners_, [pid](const Owner& owner) { return owner.pid == pid; });
  }

  void remove_all_of(int pid) {
    forget(pid);
    remove_if([pid](const Tracked& one) { return one.owner == pid; });
  }

  template <class Condition>
  void remove_if(Condition condition) {
    std::string names;
    std::size_t count = 0;
    std::erase_if(tracked_, [&](const Tracked& one) {
      if (!condition(one)) return false;
      if (::shm_unlink(one.name.c_str()) != 0) return true;  // somebody else was faster
      names += (count++ == 0 ? "'" : ", '") + one.name + "'";
      return true;
    });
    if (count != 0) report(count, names);
  }

  // CPython's text.
  static void report(std::size_t count, const std::string& names) {
    const std::string text =
        "UserWarning: resource_tracker: There appear to be " + std::to_string(count) +
        " leaked shared_memory objects to clean up at shutdown: {" + names + "}\n";
    // What cannot be said is not said.
    [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, text.data(), text.size());
  }

  Handle pipe_;
  bool open_ = true;
  std::vector<Owner> owners_;
  std::vector<int> ended_;  // of the owners; what they have said before is in the pipe
  std::vector<Tracked> tracked_;
};

sigset_t ignored_signals() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

[[noreturn]] void track(int pipe) {
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  const sigset_t ignored = ignored_signals();
  ::sigprocmask(SIG_UNBLOCK, &ignored, nullptr);
  ::fcntl(pipe, F_SETFL, O_NONBLOCK);
  try {
    Tracker{Handle(pipe)}.run();
  } catch (...) {
    ::_exit(EXIT_FAILURE);
  }
  ::_exit(EXIT_SUCCESS);
}

// Of words that end with a zero.
void obey(std::string_view mark, std::string_view task) {
  constexpr std::string_view before = "pipe=";
  if (mark == marker && task.starts_with(before)) track(::atoi(task.data() + before.size()));
}

// As the kernel knows it.
void obey_command_line() {
  std::array<char, 512> text;
  const Handle file(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  std::string_view rest(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  std::array<std::string_view, 3> words;
  for (std::string_view& word : words) {
    const std::size_t end = rest.find('\0');
    if (end == rest.npos) return;
    word = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  if (rest.empty()) obey(words[1], words[2]);
}

// glibc calls it with what main() gets, which stands before the environment; musl with nothing.
[[gnu::constructor(101)]] void become_tracker(int argc, char** argv, char**) {
  const auto first = reinterpret_cast<std::uintptr_t>(argv);
  const auto after = first + (static_cast<std::size_t>(argc) + 1) * sizeof(char*);
  if (after != reinterpret_cast<std::uintptr_t>(environ))
    obey_command_line();
  else if (argc == 3)
    obey(argv[1], argv[2]);
}

}  // namespace

const char* tracker_marker() noexcept { return marker; }

TrackerSignals::TrackerSignals() noexcept {
  const sigset_t ignored = ignored_signals();
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &ignored, &before);
  interrupt_waited_ = sigismember(&before, SIGINT) != 0;
  terminate_waited_ = sigismember(&before, SIGTERM) != 0;
}
TrackerSignals::~TrackerSignals() {
  sigset_t again = ignored_signals();
  if (interrupt_waited_) sigdelset(&again, SIGINT);
  if (terminate_waited_) sigdelset(&again, SIGTERM);
  ::pthread_sigmask(SIG_UNBLOCK, &again, nullptr);
}

}  // namespace tandem::inline v1::platform
