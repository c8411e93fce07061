// The system's own: pipes, as they are and of 1 MiB, and pairs of sockets.
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "descriptors.hpp"

namespace bench {
namespace {

template <bool large>
class Pipes : public Descriptors {
 public:
  explicit Pipes(std::size_t longest) : Descriptors(longest) {
    for (auto& pipe : pipes_) {
      if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw Broken("no pipe");
      if (large) ::fcntl(pipe[0], F_SETPIPE_SZ, 1 << 20);
    }
  }
  void become(Side side) {
    const std::size_t in = side == Side::parent ? 0 : 1;
    use(pipes_[in][0], pipes_[1 - in][1]);
    ::close(pipes_[in][1]);
    ::close(pipes_[1 - in][0]);
  }

 private:
  std::array<std::array<int, 2>, 2> pipes_;
};

template <int type>
class Sockets : public Descriptors {
 public:
  explicit Sockets(std::size_t longest) : Descriptors(longest) {
    if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends_.data()) != 0) throw Broken("no socket");
  }
  void become(Side side) {
    const std::size_t mine = side == Side::parent ? 0 : 1;
    use(ends_[mine], ends_[mine]);
    ::close(ends_[1 - mine]);
  }

 protected:
  std::array<int, 2> ends_;
};
using Stream = Sockets<SOCK_STREAM>;

// Each message is one packet, if the socket may hold so much, or some.
class Packets : public Sockets<SOCK_SEQPACKET> {
 public:
  explicit Packets(std::size_t longest) : Sockets(longest) {
    const int wanted = 8 << 20;
    for (const int end : ends_)
      if (::setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) != 0)
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
    int got = 0;
    socklen_t size = sizeof got;
    ::getsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &got, &size);
    packet_ = static_cast<std::size_t>(got) / 2 - 4096;
  }
  void send(std::string_view message) {
    for (; message.size() > packet_; message.remove_prefix(packet_))
      write_all(out(), message.substr(0, packet_));
    write_all(out(), message);
  }
  std::string_view receive(std::size_t size) {
    for (std::size_t got = 0; got < size; got += packet_)
      read_all(in(), buffer() + got, std::min(packet_, size - got));
    return {buffer(), size};
  }

 private:
  std::size_t packet_;
};

const bool entered = [] {
  enter_all_messages<Pipes<false>>("pipe", Kind::peer);
  enter_all_messages<Pipes<true>>("pipe.1mib", Kind::peer);
  enter_all_messages<Stream>("socketpair", Kind::peer);
  enter_all_messages<Packets>("seqpacket", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
