#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "platform/selector.hpp"

namespace tandem::inline v1::platform {

int Selector::open() noexcept {
  if (waker_) return 0;
  Handle poller(::epoll_create1(EPOLL_CLOEXEC));
  if (!poller) return errno;
  Handle waker(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!waker) return errno;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = waker.get();
  if (::epoll_ctl(poller.get(), EPOLL_CTL_ADD, waker.get(), &event) != 0) return errno;
  poller_ = std::move(poller);
  waker_ = std::move(waker);
  return 0;
}

void Selector::close(bool keeps_waker) noexcept {
  poller_.reset();
  if (!keeps_waker) waker_.reset();
}

int Selector::watch(int handle, Interest before, Interest now) noexcept {
  epoll_event event{};
  event.events = (now.reading ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
                 (now.writing ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  event.data.fd = handle;
  const int operation = before.is_none() ? EPOLL_CTL_ADD
                        : now.is_none()  ? EPOLL_CTL_DEL
                                         : EPOLL_CTL_MOD;
  if (::epoll_ctl(poller_.get(), operation, handle, &event) == 0) return 0;
  return now.is_none() ? 0 : errno;
}

int Selector::select(int milliseconds, std::span<Ready> places, std::size_t& count) noexcept {
  count = 0;
  std::array<epoll_event, 256> events;
  const std::size_t most = places.size() < events.size() ? places.size() : events.size();
  const int got = ::epoll_wait(poller_.get(), events.data(), static_cast<int>(most), milliseconds);
  if (got < 0) return errno == EINTR ? 0 : errno;
  for (int i = 0; i < got; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == waker_.get()) {
      std::uint64_t wakes;
      while (::read(waker_.get(), &wakes, sizeof wakes) < 0 && errno == EINTR) {
      }
      continue;
    }
    const auto in = static_cast<std::uint32_t>(EPOLLIN), out = static_cast<std::uint32_t>(EPOLLOUT);
    places[count++] = {event.data.fd, (event.events & ~out) != 0, (event.events & ~in) != 0};
  }
  return 0;
}

void Selector::wake() noexcept {
  const std::uint64_t one = 1;
  while (::write(waker_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

}  // namespace tandem::inline v1::platform
