// boost::interprocess::message_queue: a heap of messages in shared memory under one mutex.
#include <unistd.h>

#include <algorithm>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../../harness/message_rows.hpp"

namespace bench {
namespace {

namespace ipc = boost::interprocess;

class Queues {
 public:
  explicit Queues(std::size_t longest) : buffer_(longest < kNumber ? kNumber : longest) {
    out_ = open("there");
    in_ = open("back");
  }
  void become(Side side) {
    if (side == Side::child) std::swap(in_, out_);
  }
  void send(std::string_view message) { out_->send(message.data(), message.size(), 0); }
  std::string_view receive(std::size_t) {
    ipc::message_queue::size_type size = 0;
    unsigned priority = 0;
    in_->receive(buffer_.data(), buffer_.size(), size, priority);
    return {buffer_.data(), size};
  }

 private:
  // As many as 1 MiB holds, 1024 at most and a few at least. The name is gone at once: the child
  // has the mapping.
  std::unique_ptr<ipc::message_queue> open(const char* way) {
    const std::string name = "tandem-bench-" + std::to_string(::getpid()) + "-" + way;
    const std::size_t count = std::clamp<std::size_t>((1 << 20) / buffer_.size(), 4, 1024);
    auto queue =
        std::make_unique<ipc::message_queue>(ipc::create_only, name.c_str(), count, buffer_.size());
    ipc::message_queue::remove(name.c_str());
    return queue;
  }

  std::vector<char> buffer_;
  std::unique_ptr<ipc::message_queue> in_, out_;
};

const bool entered = [] {
  enter_all_messages<Queues>("boost.mq", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
