#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <initializer_list>
#include <utility>

#include "platform/beacon.hpp"

namespace tandem::inline v1::platform {

int Beacon::open(int handle) noexcept {
  Handle both(::epoll_create1(EPOLL_CLOEXEC));
  if (!both) return errno;
  Handle light(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!light) return errno;
  for (const int part : {handle, light.get()}) {
    epoll_event event{EPOLLIN, {}};
    if (::epoll_ctl(both.get(), EPOLL_CTL_ADD, part, &event) != 0) return errno;
  }
  light_ = std::move(light);
  both_ = std::move(both);  // last: whoever finds it, a child of fork() too, has the light as well
  return 0;
}

void Beacon::light() noexcept {
  eventfd_t before;
  ::eventfd_read(light_.get(), &before);
  ::eventfd_write(light_.get(), 1);
}

void Beacon::put_out() noexcept {
  eventfd_t before;
  ::eventfd_read(light_.get(), &before);
}

}  // namespace tandem::inline v1::platform
