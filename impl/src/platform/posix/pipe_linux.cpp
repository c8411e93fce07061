#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "platform/pipe.hpp"
#include "platform/posix/repeated.hpp"

namespace tandem::inline v1::platform {

namespace {

// While it lives, a write that nobody reads raises no signal in this thread.
class NoSigpipe {
 public:
  NoSigpipe() noexcept {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  // Takes back what a write has raised.
  void drop() const noexcept {
    const timespec at_once{};
    if (!was_pending_)
      while (sigtimedwait(&sigpipe_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
  }

 private:
  sigset_t sigpipe_, before_;
  bool was_pending_;
};

}  // namespace

int open_pipe(Pipe& pipe) noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  pipe.reader.reset(ends[0]);
  pipe.writer.reset(ends[1]);
  return 0;
}

int open_wake_pipe(Pipe& pipe) noexcept {
  Pipe made;
  if (const int error = open_pipe(made)) return error;
  // Opened for both, it is its own reader.
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", made.writer.get());
  made.writer.reset(::open(path.data(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!made.writer) return errno;
  pipe = std::move(made);
  return 0;
}

int wake(int writer) noexcept {
  const char byte = 0;
  for (;;) {
    if (::write(writer, &byte, sizeof byte) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

int set_pipe_size(int handle, int bytes) noexcept {
  return ::fcntl(handle, F_SETPIPE_SZ, bytes) == -1 ? errno : 0;
}

int open_null_device(Handle& handle) noexcept {
  handle.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  return handle ? 0 : errno;
}

int set_nonblocking(int handle, bool nonblocking) noexcept {
  const int before = ::fcntl(handle, F_GETFL);
  if (before == -1) return errno;
  const int flags = nonblocking ? before | O_NONBLOCK : before & ~O_NONBLOCK;
  return flags != before && ::fcntl(handle, F_SETFL, flags) == -1 ? errno : 0;
}

Transfer read_some(int handle, void* bytes, std::size_t size) noexcept {
  return repeated([=] { return ::read(handle, bytes, size); });
}

namespace {

template <class Write>
Transfer without_sigpipe(Write write) noexcept {
  const NoSigpipe guard;
  const Transfer done = repeated(write);
  if (done.error == EPIPE) guard.drop();
  return done;
}

// Linux before 6.4 cannot be asked for one read or write that does not wait. (A flag of the file
// could; but others may have the same file.)
bool is_refused(Transfer done) noexcept {
  return done.error == EOPNOTSUPP || done.error == ENOSYS || done.error == EINVAL;
}

bool is_ready(int handle, short events) noexcept {
  pollfd polled{handle, events, 0};
  return ::poll(&polled, 1, 0) != 0;
}

}  // namespace

Transfer write_some(int handle, const void* bytes, std::size_t size) noexcept {
  return without_sigpipe([=] { return ::write(handle, bytes, size); });
}

Transfer read_at_once(int handle, void* bytes, std::size_t size) noexcept {
  const iovec vector{bytes, size};
  const Transfer done = repeated([&] { return ::preadv2(handle, &vector, 1, -1, RWF_NOWAIT); });
  if (!is_refused(done)) return done;
  return is_ready(handle, POLLIN) ? read_some(handle, bytes, size) : Transfer{0, EAGAIN};
}

Transfer write_at_once(int handle, const void* bytes, std::size_t size) noexcept {
  const iovec vector{const_cast<void*>(bytes), size};
  const Transfer done =
      without_sigpipe([&] { return ::pwritev2(handle, &vector, 1, -1, RWF_NOWAIT); });
  if (!is_refused(done)) return done;
  // A pipe that is ready takes so much at once.
  return size <= PIPE_BUF && is_ready(handle, POLLOUT) ? write_some(handle, bytes, size)
                                                       : Transfer{0, EAGAIN};
}

std::size_t block_size(int handle) noexcept {
  struct stat status;
  return ::fstat(handle, &status) == 0 && status.st_blksize > 0
             ? static_cast<std::size_t>(status.st_blksize)
             : 0;
}

}  // namespace tandem::inline v1::platform
