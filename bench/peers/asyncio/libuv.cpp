// libuv: callbacks, no tasks.
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "../../harness/asyncio_rows.hpp"
#include "../uv_loop.hpp"

namespace bench {
namespace {

// A socket whose messages come back, and are sent again until there were enough.
class Player {
 public:
  Player(Loop& loop, int socket, std::uint64_t count, Histogram* latency)
      : count_(count), latency_(latency) {
    must(uv_pipe_init(loop.get(), &pipe_, 0));
    must(uv_pipe_open(&pipe_, socket));
    pipe_.data = this;
    must(uv_read_start(stream(), allocate, read));
  }
  void send(const char* bytes, std::size_t size) {
    std::memcpy(out_.data(), bytes, size);
    const uv_buf_t buffer = uv_buf_init(out_.data(), static_cast<unsigned>(size));
    must(uv_write(&request_, stream(), &buffer, 1, nullptr));
  }
  void play() {
    message_.assign(kEchoed, 'e');
    begin();
  }
  bool is_broken() const { return is_broken_; }

 private:
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&pipe_); }

  void begin() {
    message_[done_ % kEchoed] = static_cast<char>('a' + done_ % 26);
    got_ = 0;
    start_ = Clock::now();
    send(message_.data(), message_.size());
  }
  void take(const char* bytes, std::size_t size) {
    if (!latency_) return send(bytes, size);
    is_broken_ = is_broken_ || std::memcmp(bytes, message_.data() + got_, size) != 0;
    got_ += size;
    if (got_ < kEchoed) return;
    latency_->record(nanoseconds_between(start_, Clock::now()));
    if (++done_ < count_)
      begin();
    else
      close_handle(&pipe_);
  }

  static void allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto& in = static_cast<Player*>(handle->data)->in_;
    *buffer = uv_buf_init(in.data(), static_cast<unsigned>(in.size()));
  }
  static void read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    if (count < 0) return close_handle(stream);
    static_cast<Player*>(stream->data)->take(buffer->base, static_cast<std::size_t>(count));
  }

  uv_pipe_t pipe_{};
  uv_write_t request_{};
  std::array<char, 1 << 16> in_{};
  std::array<char, 1 << 16> out_{};
  std::string message_;
  std::size_t got_ = 0;
  std::uint64_t done_ = 0, count_;
  Histogram* latency_;  // null: sends back what it gets
  Clock::time_point start_;
  bool is_broken_ = false;
};

class Libuv {
 public:
  static double timers(std::uint64_t count) {
    Loop loop;
    std::vector<uv_timer_t> all(count);
    std::uint64_t woken = 0;
    const double start = cpu_seconds();
    for (std::uint64_t n = 0; n < count; ++n) {
      must(uv_timer_init(loop.get(), &all[n]));
      all[n].data = &woken;
      const auto delay = static_cast<std::uint64_t>(delay_of(n).count());
      must(uv_timer_start(
          &all[n],
          [](uv_timer_t* timer) {
            ++*static_cast<std::uint64_t*>(timer->data);
            close_handle(timer);
          },
          delay, 0));
    }
    loop.run();
    const double seconds = cpu_seconds() - start;
    check_sum(woken, count);
    return seconds;
  }

  static void echo(std::uint64_t count, Histogram& latency) {
    Loop loop;
    std::array<uv_os_sock_t, 2> ends{};
    must(uv_socketpair(SOCK_STREAM, 0, ends.data(), UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE));
    Player server(loop, ends[0], 0, nullptr);
    Player client(loop, ends[1], count, &latency);
    client.play();
    loop.run();
    if (client.is_broken()) throw Broken("a message came back changed");
  }
};

const bool entered = [] {
  enter_asyncio<Libuv>("libuv", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
