// The rows that messages between two processes run. A contender is a class
//
//   class Channel {
//     explicit Channel(std::size_t longest);   // before the fork
//     void become(Side side);                  // after it, in both
//     void send(std::string_view message);
//     std::string_view receive(std::size_t size);   // of so many bytes; until the next call
//     void finish();                           // if need be: before the other process ends
//   };
//
// which goes both ways. Nothing but `size` is known to the receiver beforehand.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>

#include "checksum.hpp"
#include "scenario.hpp"

namespace bench {

enum class Side { parent, child };

// Each message begins and ends with the number that it has.
class Message {
 public:
  explicit Message(std::size_t size) : bytes_(size, 'm') {}

  std::string_view number(std::uint64_t number) {
    std::memcpy(bytes_.data(), &number, sizeof number);
    std::memcpy(bytes_.data() + bytes_.size() - sizeof number, &number, sizeof number);
    return bytes_;
  }
  static std::uint64_t number_of(std::string_view message, std::size_t size) {
    if (message.size() != size) throw Broken("a message has another length");
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::memcpy(&first, message.data(), sizeof first);
    std::memcpy(&last, message.data() + size - sizeof last, sizeof last);
    if (first != last) throw Broken("a message arrived damaged");
    return first;
  }

 private:
  std::string bytes_;
};

inline constexpr std::size_t kNumber = sizeof(std::uint64_t);

template <class Channel>
void send_number(Channel& channel, std::uint64_t number) {
  channel.send(Message(kNumber).number(number));
}
template <class Channel>
std::uint64_t receive_number(Channel& channel) {
  return Message::number_of(channel.receive(kNumber), kNumber);
}

// A child of fork() that runs the body with its side of the channel; what it throws has failed the
// row.
template <class Channel>
class Partner {
 public:
  Partner(Channel& channel, const std::function<void()>& body) : child_(::fork()) {
    if (child_ == -1) throw Broken("no child");
    if (child_ != 0) {
      channel.become(Side::parent);
      return;
    }
    try {
      channel.become(Side::child);
      send_number(channel, 0);  // it is there
      body();
      if constexpr (requires { channel.finish(); }) channel.finish();
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      ::_exit(1);
    }
    ::_exit(0);
  }
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;

  void join() {
    int status = 0;
    if (::waitpid(child_, &status, 0) != child_ || status != 0)
      throw Broken("the other process failed");
  }

 private:
  pid_t child_;
};

// From the first send until the other process says that it has all.
//   depth  how many are under way until all of them are answered; 0: no answers
template <class Channel>
double stream(std::size_t size, std::uint64_t messages, std::uint64_t depth) {
  Channel channel(size);
  const auto answers = [depth](std::uint64_t n) { return depth > 0 && n % depth == depth - 1; };
  Partner<Channel> partner(channel, [&] {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < messages; ++n) {
      const std::uint64_t number = Message::number_of(channel.receive(size), size);
      if (number != n) throw Broken("messages arrived out of order");
      sum += number;
      if (answers(n)) send_number(channel, n);
    }
    send_number(channel, sum);
  });
  Message message(size);
  receive_number(channel);
  const auto start = Clock::now();
  for (std::uint64_t n = 0; n < messages; ++n) {
    channel.send(message.number(n));
    if (answers(n) && receive_number(channel) != n) throw Broken("a wrong answer");
  }
  check_sum(receive_number(channel), messages * (messages - 1) / 2);
  const double seconds = seconds_between(start, Clock::now());
  partner.join();
  return seconds;
}

// pause() runs between two of them, untimed.
template <class Channel>
void round_trips(std::uint64_t messages, Histogram& latency, const std::function<void()>& pause) {
  Channel channel(kNumber);
  Partner<Channel> partner(channel, [&] {
    for (std::uint64_t n = 0; n < messages; ++n) send_number(channel, receive_number(channel) + 1);
  });
  receive_number(channel);
  for (std::uint64_t n = 0; n < messages; ++n) {
    if (pause) pause();
    const auto start = Clock::now();
    send_number(channel, n);
    if (receive_number(channel) != n + 1) throw Broken("a ball was lost");
    latency.record(nanoseconds_between(start, Clock::now()));
  }
  partner.join();
}

// So many bytes, or messages, whichever is less.
inline constexpr std::uint64_t kBytesSent = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMessagesSent = 1'000'000;
inline constexpr std::uint64_t kDepth = 16;

template <class Channel>
void enter_messages(const std::string& row, const std::string& impl, Kind kind, std::size_t size,
                    std::uint64_t depth = 0) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              return rate(plan, kMessagesSent, 1, [=](std::uint64_t messages) {
                                return stream<Channel>(size, messages, depth);
                              });
                            }});
}

template <class Channel>
void enter_bytes(const std::string& row, const std::string& impl, Kind kind, std::size_t size) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              return rate(plan, kBytesSent, size, [=](std::uint64_t bytes) {
                                return stream<Channel>(size, bytes / size, 0);
                              });
                            }});
}

// How long they are, and how many are under way: of these the receiver takes what the channel has
// no room for, so that no cell needs more memory than the channel has.
template <class Channel>
void enter_message_grid(const std::string& impl, Kind kind) {
  constexpr std::uint64_t kMost = 64'000;  // messages
  const auto enter = [&](const std::string& name, std::size_t size, std::uint64_t depth) {
    const std::uint64_t bytes = std::min(kBytesSent / 8, kMost * size);
    Registry::instance().add({"connection.grid." + name + "." + std::to_string(depth), impl, kind,
                              [=](const Plan& plan) {
                                return rate(plan, bytes, size * depth, [=](std::uint64_t wanted) {
                                  return stream<Channel>(size, wanted / size, depth);
                                });
                              }});
  };
  for (const std::uint64_t depth : {1U, 16U, 256U}) {
    enter("8b", 8, depth);
    enter("64b", 64, depth);
    enter("1kib", std::size_t{1} << 10, depth);
    enter("16kib", std::size_t{16} << 10, depth);
    enter("256kib", std::size_t{256} << 10, depth);
    enter("4mib", std::size_t{4} << 20, depth);
  }
}

template <class Channel>
void enter_round_trips(const std::string& row, const std::string& impl, Kind kind,
                       std::uint64_t items, const std::function<void()>& pause = {}) {
  Registry::instance().add({row, impl, kind, [=](const Plan& plan) {
                              return latency_of(plan, items, [=](auto count, Histogram& latency) {
                                round_trips<Channel>(count, latency, pause);
                              });
                            }});
}

template <class Channel>
void enter_small_messages(const std::string& impl, Kind kind) {
  enter_messages<Channel>("connection.8b", impl, kind, 8);
  enter_messages<Channel>("connection.1kib", impl, kind, 1024);
  enter_messages<Channel>("connection.1kib.depth16", impl, kind, 1024, kDepth);
  enter_round_trips<Channel>("connection.roundtrip.hot", impl, kind, 100'000);
  enter_round_trips<Channel>("connection.roundtrip.parked", impl, kind, 300,
                             [] { ::usleep(1000); });
}

template <class Channel>
void enter_large_messages(const std::string& impl, Kind kind) {
  enter_bytes<Channel>("connection.64kib", impl, kind, std::size_t{64} << 10);
  enter_bytes<Channel>("connection.1mib", impl, kind, std::size_t{1} << 20);
  enter_bytes<Channel>("connection.4mib", impl, kind, std::size_t{4} << 20);
}

template <class Channel>
void enter_all_messages(const std::string& impl, Kind kind) {
  enter_small_messages<Channel>(impl, kind);
  enter_large_messages<Channel>(impl, kind);
  enter_message_grid<Channel>(impl, kind);
}

}  // namespace bench
