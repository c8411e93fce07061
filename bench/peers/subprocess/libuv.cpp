// libuv: one loop for each that starts children, as a program would have it.
#include <array>
#include <cstdint>
#include <functional>

#include "../uv_loop.hpp"
#include "posix.hpp"

namespace bench {
namespace {

// Until the child has ended and its streams are read.
int run_child(Loop& loop, const Words& words, uv_stdio_container_t* stdio, int count,
              const std::function<void()>& started) {
  auto list = pointers(words);
  uv_process_options_t options{};
  options.file = list[0];
  options.args = list.data();
  options.stdio = stdio;
  options.stdio_count = count;
  options.exit_cb = [](uv_process_t* process, std::int64_t status, int signal) {
    *static_cast<int*>(process->data) = signal != 0 ? -signal : static_cast<int>(status);
    close_handle(process);
  };
  int status = -1;
  uv_process_t process{};
  process.data = &status;
  must(uv_spawn(loop.get(), &process, &options));
  started();
  loop.run();
  return status;
}

class Spawner {
 public:
  int run(const Words& words) {
    std::array<uv_stdio_container_t, 3> stdio{};
    for (std::size_t i = 0; i < stdio.size(); ++i) {
      stdio[i].flags = UV_INHERIT_FD;
      stdio[i].data.fd = static_cast<int>(i);
    }
    return run_child(loop_, words, stdio.data(), static_cast<int>(stdio.size()), [] {});
  }

 private:
  Loop loop_;
};

class Capture {
 public:
  int run(const Words& words, std::size_t pipes) {
    std::array<uv_stdio_container_t, 3> stdio{};
    stdio[0].flags = UV_IGNORE;
    for (std::size_t i = 0; i < pipes; ++i) {
      must(uv_pipe_init(loop_.get(), &pipes_[i], 0));
      pipes_[i].data = &output_[i];
      stdio[i + 1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
      stdio[i + 1].data.stream = stream(i);
    }
    return run_child(loop_, words, stdio.data(), static_cast<int>(pipes) + 1, [&] {
      for (std::size_t i = 0; i < pipes; ++i) must(uv_read_start(stream(i), allocate, add));
    });
  }
  std::string_view output(std::size_t pipe) const { return output_[pipe].view(); }

 private:
  uv_stream_t* stream(std::size_t i) { return reinterpret_cast<uv_stream_t*>(&pipes_[i]); }
  static Bytes& bytes(void* data) { return *static_cast<Bytes*>(data); }

  static void allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(bytes(handle->data).room(kBlock), kBlock);
  }
  static void add(uv_stream_t* stream, ssize_t count, const uv_buf_t*) {
    if (count < 0)
      close_handle(stream);
    else
      bytes(stream->data).add(static_cast<std::size_t>(count));
  }

  Loop loop_;
  std::array<uv_pipe_t, 2> pipes_{};
  std::array<Bytes, 2> output_;
};

const bool entered = [] {
  enter_spawner<Spawner>("libuv", Kind::peer);
  enter_capture<Capture>("libuv", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
