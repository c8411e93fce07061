// Transports from within: what the system, or the program, does to them behind their back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tandem/asyncio.hpp"

namespace tandem::asyncio {
namespace {

struct Waiting : Protocol {
  void connection_lost(std::exception_ptr its_error) override {
    error = its_error;
    lost.set_result();
  }
  std::exception_ptr error;
  const Future<> lost;
};

// The other end is the test's.
struct Ends {
  Ends() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0); }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() { ::close(fds[1]); }
  int fds[2];
};

std::shared_ptr<Waiting> make_waiting() { return std::make_shared<Waiting>(); }

Coroutine<> closed_by_another() {
  const Ends ends;
  const auto [transport, protocol] =
      co_await create_connection(make_waiting, {}, {}, {.sock = ends.fds[0]});
  transport.write(std::string(1 << 22, 'x'));
  EXPECT_GT(transport.get_write_buffer_size(), 0U);  // it is watched for both
  ::close(ends.fds[0]);
  transport.abort();
  co_await protocol->lost;
}
TEST(Transports, FilesThatOthersHaveClosedAreLost) { run(closed_by_another()); }

}  // namespace
}  // namespace tandem::asyncio
