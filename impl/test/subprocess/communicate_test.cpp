// How much communicate() asks a pipe for.
#include "subprocess/communicate.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "platform/pipe.hpp"

namespace tandem::subprocess::detail {
namespace {

constexpr int usual_size = 65536;

class FullPipe : public testing::Test {
 protected:
  FullPipe() { EXPECT_EQ(platform::open_pipe(pipe), 0); }

  int size() const { return ::fcntl(pipe.reader.get(), F_GETPIPE_SZ); }
  // Reads a full pipe several times: the first read asks for little.
  void read_full(Collector& collector) {
    for (int round = 0; round < 3; ++round) {
      const std::string bytes(usual_size, 'x');
      written += platform::write_some(pipe.writer.get(), bytes.data(), bytes.size()).count;
      while (collector.copy().size() < written) collector.read_from(pipe.reader.get());
    }
  }
  platform::Pipe pipe;
  std::size_t written = 0;
};

TEST_F(FullPipe, IsMadeWider) {
  Collector collector;
  read_full(collector);
  EXPECT_GT(size(), usual_size);
  EXPECT_EQ(collector.take(), std::string(written, 'x'));
}

TEST_F(FullPipe, StaysAsTheUserWantedIt) {
  Collector collector;
  collector.keep_pipe_size();
  read_full(collector);
  EXPECT_EQ(size(), usual_size);
  EXPECT_EQ(collector.take(), std::string(written, 'x'));
}

}  // namespace
}  // namespace tandem::subprocess::detail
