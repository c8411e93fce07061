// tandem::multiprocessing::Connection, as Pipe() makes it: its bytes, and in one row values.
#include <cstdint>
#include <string>
#include <string_view>
#include <tandem/multiprocessing/connection.hpp>
#include <utility>

#include "../harness/message_rows.hpp"

namespace bench {
namespace {

using tandem::multiprocessing::Connection;
using tandem::multiprocessing::Pipe;

class Ends {
 public:
  Ends() : ends_(Pipe()) {}
  // The other end is closed.
  void become(Side side) {
    if (side == Side::child) std::swap(ends_.first, ends_.second);
    ends_.second.close();
  }

 protected:
  const Connection& end() const { return ends_.first; }

 private:
  std::pair<Connection, Connection> ends_;
};

class Channel : public Ends {
 public:
  explicit Channel(std::size_t) {}
  void send(std::string_view message) { end().send_bytes(message); }
  std::string_view receive(std::size_t) {
    received_ = end().recv_bytes();
    return received_;
  }

 private:
  std::string received_;
};

// As those who poll by themselves have it.
class Polled : public Channel {
 public:
  using Channel::Channel;
  void become(Side side) {
    Channel::become(side);
    end().fileno();
  }
};

class Values : public Ends {
 public:
  explicit Values(std::size_t) {}
  void send(std::string_view message) {
    end().send(static_cast<std::int64_t>(Message::number_of(message, kNumber)));
  }
  std::string_view receive(std::size_t) {
    return received_.number(static_cast<std::uint64_t>(end().recv<std::int64_t>()));
  }

 private:
  Message received_{kNumber};
};

const bool entered = [] {
  enter_all_messages<Channel>("tandem", Kind::ours);
  enter_messages<Values>("connection.value", "tandem", Kind::ours, kNumber);
  enter_round_trips<Polled>("connection.roundtrip.polled", "tandem", Kind::ours, 20'000);
  return true;
}();

}  // namespace
}  // namespace bench
