#include "platform/poll.hpp"

#include <poll.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>

namespace tandem::inline v1::platform {

namespace {

timespec left_until(seam::clock::time_point until) noexcept {
  using namespace std::chrono;
  const auto now = seam::clock::now();
  const nanoseconds left = until > now ? until - now : nanoseconds::zero();
  const auto whole = duration_cast<seconds>(left);
  timespec spec{};
  spec.tv_sec = static_cast<time_t>(whole.count());
  spec.tv_nsec = static_cast<long>((left - whole).count());
  return spec;
}

}  // namespace

int poll(std::span<Polled> handles, const seam::clock::time_point* until) noexcept {
  std::array<pollfd, 8> few;
  const std::size_t count = handles.size();
  const std::unique_ptr<pollfd[]> many(count > few.size() ? new (std::nothrow) pollfd[count]
                                                          : nullptr);
  if (count > few.size() && !many) return ENOMEM;
  pollfd* const polled = many ? many.get() : few.data();
  for (std::size_t i = 0; i < count; ++i)
    polled[i] = {handles[i].handle, static_cast<short>(handles[i].for_writing ? POLLOUT : POLLIN),
                 0};
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
