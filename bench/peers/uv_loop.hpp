// What all rows of libuv have: a loop of their own.
#pragma once
#include <uv.h>

#include "../harness/checksum.hpp"

namespace bench {

inline void must(int error) {
  if (error != 0) throw Broken(uv_strerror(error));
}

class Loop {
 public:
  Loop() { must(uv_loop_init(&loop_)); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() { uv_loop_close(&loop_); }
  uv_loop_t* get() { return &loop_; }
  // Until nothing is open any more.
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

 private:
  uv_loop_t loop_;
};

template <class Handle>
void close_handle(Handle* handle) {
  uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
}

}  // namespace bench
