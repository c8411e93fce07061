#include "platform/poll.hpp"

#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <new>

#include "platform/posix/timespec.hpp"

namespace tandem::inline v1::platform {

namespace {

timespec left_until(seam::clock::time_point until) noexcept {
  const auto now = seam::clock::now();
  return to_timespec(until > now ? until - now : std::chrono::nanoseconds::zero());
}

short events_of(const Polled& polled) noexcept {
  if (polled.for_hang_up) return 0;
  return polled.for_writing ? POLLOUT : POLLIN;
}

}  // namespace

int poll(std::span<Polled> handles, const seam::clock::time_point* until) noexcept {
  std::array<pollfd, 4> few;
  std::unique_ptr<pollfd[]> many;
  const std::size_t count = handles.size();
  if (count > few.size()) {
    many.reset(new (std::nothrow) pollfd[count]);
    if (!many) return ENOMEM;
  }
  pollfd* const polled = many ? many.get() : few.data();
  for (std::size_t i = 0; i < count; ++i) polled[i] = {handles[i].handle, events_of(handles[i]), 0};
  for (;;) {
    const timespec left = until ? left_until(*until) : timespec{};
    const int ready = ::ppoll(polled, count, until ? &left : nullptr, nullptr);
    if (ready >= 0) break;
    if (errno != EINTR) return errno;
  }
  for (std::size_t i = 0; i < count; ++i) handles[i].ready = polled[i].revents != 0;
  return 0;
}

}  // namespace tandem::inline v1::platform
