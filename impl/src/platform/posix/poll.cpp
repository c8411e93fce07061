#include "platform/poll.hpp"

#include <poll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

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
  std::array<pollfd, 4> polled;  // as many as anybody asks for
  const std::size_t count = std::min(handles.size(), polled.size());
  for (std::size_t i = 0; i < count; ++i)
    polled[i] = {handles[i].handle, static_cast<short>(handles[i].for_writing ? POLLOUT : POLLIN),
                 0};
  for (;;) {
    const timespec left = until ? left_until(*until) : timespec{};
    const int ready = ::ppoll(polled.data(), count, until ? &left : nullptr, nullptr);
    if (ready >= 0) break;
    if (errno != EINTR) return errno;
  }
  for (std::size_t i = 0; i < count; ++i) handles[i].ready = polled[i].revents != 0;
  return 0;
}

}  // namespace tandem::inline v1::platform
