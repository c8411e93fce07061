// kqueue, where the system's headers have it: the BSDs, macOS.
#include "probes.hpp"

#if __has_include(<sys/event.h>)

#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include <ctime>

namespace doctor {

Answer kqueue() {
  int ends[2];
  if (pipe(ends) != 0) return failed("pipe");
  const int watcher = ::kqueue();
  if (watcher < 0) return failed("kqueue");
  struct kevent wanted;
  EV_SET(&wanted, ends[0], EVFILT_READ, EV_ADD, 0, 0, ends);
  if (kevent(watcher, &wanted, 1, nullptr, 0, nullptr) != 0) return failed("kevent");
  if (write(ends[1], "x", 1) != 1) return failed("write");
  struct kevent seen {};
  const timespec at_most{5, 0};
  if (kevent(watcher, nullptr, 0, &seen, 1, &at_most) != 1)
    return no("a readable pipe is not told");
  return yes_if(seen.udata == wanted.udata, "the data of an event is changed");
}

}  // namespace doctor

#else

namespace doctor {

Answer kqueue() { return no("there is no <sys/event.h>"); }

}  // namespace doctor

#endif
