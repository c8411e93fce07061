// Boost.Interprocess: message_queue.
#include <unistd.h>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <cstddef>
#include <string>

#include "../../harness/process_queue_rows.hpp"

namespace bench {
namespace {

namespace interprocess = boost::interprocess;

class MessageQueue {
 public:
  MessageQueue(std::size_t capacity, std::size_t bytes)
      : bytes_(bytes), queue_(interprocess::create_only, name().c_str(), capacity, bytes) {
    interprocess::message_queue::remove(name().c_str());  // the children have it mapped
  }
  void put(const std::string& item) { queue_.send(item.data(), item.size(), 0); }
  void get(std::string& item) {
    item.resize(bytes_);
    interprocess::message_queue::size_type size = 0;
    unsigned priority = 0;
    queue_.receive(item.data(), item.size(), size, priority);
    item.resize(size);
  }

 private:
  static std::string name() { return "tandem_bench_" + std::to_string(getpid()); }

  std::size_t bytes_;
  interprocess::message_queue queue_;
};

const bool entered = [] {
  enter_process_queue<MessageQueue>("boost.message_queue", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
