// POSIX message queues. How long their messages may be is the system's choice.
#include <fcntl.h>
#include <mqueue.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "../../harness/message_rows.hpp"

namespace bench {
namespace {

class Queues {
 public:
  explicit Queues(std::size_t longest) : buffer_(longest < kNumber ? kNumber : longest) {
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string name =
          "/tandem-bench-" + std::to_string(::getpid()) + "-" + std::to_string(i);
      mq_attr attributes{};
      attributes.mq_maxmsg = 10;
      attributes.mq_msgsize = static_cast<long>(buffer_.size());
      queues_[i] =
          ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
      if (queues_[i] == -1) throw Broken("no message queue");
      ::mq_unlink(name.c_str());
    }
  }
  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;
  ~Queues() {
    for (const mqd_t queue : queues_) ::mq_close(queue);
  }
  void become(Side side) {
    if (side == Side::child) std::swap(queues_[0], queues_[1]);
  }
  void send(std::string_view message) {
    while (::mq_send(queues_[0], message.data(), message.size(), 0) != 0)
      if (errno != EINTR) throw Broken("mq_send failed");
  }
  std::string_view receive(std::size_t) {
    for (;;) {
      const ssize_t size = ::mq_receive(queues_[1], buffer_.data(), buffer_.size(), nullptr);
      if (size >= 0) return {buffer_.data(), static_cast<std::size_t>(size)};
      if (errno != EINTR) throw Broken("mq_receive failed");
    }
  }

 private:
  std::vector<char> buffer_;
  std::array<mqd_t, 2> queues_;
};

const bool entered = [] {
  enter_small_messages<Queues>("mq", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
