// ZeroMQ: a pair of sockets over ipc://, each with a thread of its own that does the sending.
#include <unistd.h>
#include <zmq.h>

#include <string>

#include "../../harness/message_rows.hpp"

namespace bench {
namespace {

class Pair {
 public:
  explicit Pair(std::size_t) : address_("ipc:///tmp/tandem-bench-" + std::to_string(::getpid())) {}
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() { finish(); }

  // Its threads do not outlive a fork.
  void become(Side side) {
    context_ = zmq_ctx_new();
    socket_ = zmq_socket(context_, ZMQ_PAIR);
    zmq_msg_init(&message_);
    const int result = side == Side::parent ? zmq_bind(socket_, address_.c_str())
                                            : zmq_connect(socket_, address_.c_str());
    if (result != 0) throw Broken("no connection");
  }
  // Waits until all is sent.
  void finish() {
    if (!context_) return;
    zmq_msg_close(&message_);
    zmq_close(socket_);
    zmq_ctx_term(context_);
    context_ = nullptr;
  }
  void send(std::string_view message) {
    if (zmq_send(socket_, message.data(), message.size(), 0) < 0) throw Broken("zmq_send failed");
  }
  std::string_view receive(std::size_t) {
    if (zmq_msg_recv(&message_, socket_, 0) < 0) throw Broken("zmq_msg_recv failed");
    return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }

 private:
  const std::string address_;
  void* context_ = nullptr;
  void* socket_ = nullptr;
  zmq_msg_t message_;
};

const bool entered = [] {
  enter_all_messages<Pair>("zeromq", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
