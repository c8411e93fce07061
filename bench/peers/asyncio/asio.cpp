// Boost.Asio's awaitables. What Asio has no counterpart of is written as its examples do it: a task
// that waits for another one waits for a timer, which that one cancels.
#include <unistd.h>
// 1.74 knows of g++'s coroutines, and of what clang had before they were in the language.
#if defined(__clang__) && defined(__cpp_impl_coroutine)
#define BOOST_ASIO_HAS_CO_AWAIT 1
#define BOOST_ASIO_HAS_STD_COROUTINE 1
#endif
// clang-format off: awaitable.hpp of 1.74 needs it, and does not say so
#include <utility>
// clang-format on

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "../../harness/asyncio_rows.hpp"

namespace bench {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using Socket = asio::local::stream_protocol::socket;
using Timer = asio::steady_timer;

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

awaitable<std::uint64_t> numbered(std::uint64_t n) { co_return n; }

awaitable<std::uint64_t> by_turns(std::uint64_t count) {
  const auto executor = co_await asio::this_coro::executor;
  for (std::uint64_t n = 0; n < count; ++n) co_await asio::post(executor, use_awaitable);
  co_return count;
}

awaitable<std::uint64_t> sleeping(std::chrono::steady_clock::duration delay) {
  Timer timer(co_await asio::this_coro::executor, delay);
  boost::system::error_code ended;
  co_await timer.async_wait(asio::redirect_error(use_awaitable, ended));
  co_return 1;
}

class Balls {
 public:
  explicit Balls(asio::io_context& loop) : someone_(loop, Timer::time_point::max()) {}
  void put(std::uint64_t ball) {
    balls_.push_back(ball);
    someone_.cancel_one();
  }
  awaitable<std::uint64_t> get() {
    boost::system::error_code ended;
    while (balls_.empty()) co_await someone_.async_wait(asio::redirect_error(use_awaitable, ended));
    const std::uint64_t ball = balls_.front();
    balls_.pop_front();
    co_return ball;
  }

 private:
  std::deque<std::uint64_t> balls_;
  Timer someone_;
};

awaitable<void> answer(Balls& balls, Balls& answers, std::uint64_t count) {
  for (std::uint64_t n = 0; n < count; ++n) answers.put(1 + co_await balls.get());
}

awaitable<void> play(Balls& balls, Balls& answers, std::uint64_t count) {
  for (std::uint64_t n = 0; n < count; ++n) {
    balls.put(n);
    if (co_await answers.get() != n + 1) throw Broken("a ball was lost");
  }
}

awaitable<void> echo_back(Socket socket) {
  std::vector<char> buffer(1 << 16);
  boost::system::error_code ended;
  for (;;) {
    const std::size_t size = co_await socket.async_read_some(
        asio::buffer(buffer), asio::redirect_error(use_awaitable, ended));
    if (ended) co_return;
    co_await asio::async_write(socket, asio::buffer(buffer.data(), size), use_awaitable);
  }
}

// A connection that says nothing is given no buffer.
awaitable<void> wait_for_end(Socket socket) {
  char byte = 0;
  boost::system::error_code ended;
  co_await socket.async_read_some(asio::buffer(&byte, 1),
                                  asio::redirect_error(use_awaitable, ended));
}

awaitable<void> round_trips(Socket socket, std::uint64_t count, Histogram& latency) {
  std::string message(kEchoed, 'e');
  std::string back(kEchoed, ' ');
  for (std::uint64_t n = 0; n < count; ++n) {
    message[n % kEchoed] = static_cast<char>('a' + n % 26);
    const auto start = Clock::now();
    co_await asio::async_write(socket, asio::buffer(message), use_awaitable);
    co_await asio::async_read(socket, asio::buffer(back), use_awaitable);
    latency.record(nanoseconds_between(start, Clock::now()));
    if (back != message) throw Broken("a message came back changed");
  }
}

class Asio {
 public:
  static void start(bool* ran) {
    asio::io_context loop;
    asio::co_spawn(loop, numbered(1), [&](std::exception_ptr error, std::uint64_t result) {
      rethrow(error);
      *ran = result == 1;
    });
    loop.run();
  }
  static double tasks(std::uint64_t count) {
    asio::io_context loop(1);
    std::uint64_t sum = 0;
    const auto start = Clock::now();
    for (std::uint64_t n = 0; n < count;) {
      for (std::uint64_t most = n + kTasksAtOnce; n < count && n < most; ++n)
        spawn(loop, numbered(n), sum);
      run(loop);
    }
    const double seconds = seconds_between(start, Clock::now());
    check_sum(sum, sum_below(count));
    return seconds;
  }

  static double switches(std::uint64_t count) {
    asio::io_context loop(1);
    std::uint64_t sum = 0;
    const auto start = Clock::now();
    for (std::uint64_t n = 0; n < kSwitching; ++n) spawn(loop, by_turns(count / kSwitching), sum);
    run(loop);
    const double seconds = seconds_between(start, Clock::now());
    check_sum(sum, count);
    return seconds;
  }

  static double gather(std::uint64_t count) {
    asio::io_context loop(1);
    std::vector<std::uint64_t> results(count);
    const auto start = Clock::now();
    for (std::uint64_t n = 0; n < count; ++n)
      asio::co_spawn(loop, numbered(n),
                     [&results, n](std::exception_ptr error, std::uint64_t result) {
                       rethrow(error);
                       results[n] = result;
                     });
    run(loop);
    const double seconds = seconds_between(start, Clock::now());
    for (std::uint64_t n = 0; n < count; ++n)
      if (results[n] != n) throw Broken("a result stands in another's place");
    return seconds;
  }

  static double round_trips(std::uint64_t count) {
    asio::io_context loop(1);
    Balls balls(loop);
    Balls answers(loop);
    asio::co_spawn(loop, answer(balls, answers, count), rethrow);
    asio::co_spawn(loop, play(balls, answers, count), rethrow);
    const auto start = Clock::now();
    run(loop);
    return seconds_between(start, Clock::now());
  }

  static double timers(std::uint64_t count) {
    asio::io_context loop(1);
    std::uint64_t woken = 0;
    const double start = cpu_seconds();
    for (std::uint64_t n = 0; n < count; ++n) spawn(loop, sleeping(delay_of(n)), woken);
    run(loop);
    const double seconds = cpu_seconds() - start;
    check_sum(woken, count);
    return seconds;
  }

  static void echo(std::uint64_t count, Histogram& latency) {
    asio::io_context loop(1);
    Socket server(loop);
    Socket client(loop);
    asio::local::connect_pair(server, client);
    asio::co_spawn(loop, echo_back(std::move(server)), rethrow);
    asio::co_spawn(loop, bench::round_trips(std::move(client), count, latency), rethrow);
    run(loop);
  }

  static double bytes_of_task(std::uint64_t count) {
    asio::io_context loop(1);
    std::uint64_t woken = 0;
    const double before = resident_bytes();
    for (std::uint64_t n = 0; n < count; ++n) spawn(loop, sleeping(std::chrono::hours(1)), woken);
    loop.poll();
    return (resident_bytes() - before) / static_cast<double>(count);
  }

  static double bytes_of_connection(std::uint64_t count) {
    allow_descriptors(2 * count + 100);
    asio::io_context loop(1);
    const double before = resident_bytes();
    for (std::uint64_t n = 0; n < count; ++n) {
      Socket server(loop);
      Socket client(loop);
      asio::local::connect_pair(server, client);
      asio::co_spawn(loop, wait_for_end(std::move(server)), rethrow);
      asio::co_spawn(loop, wait_for_end(std::move(client)), rethrow);
    }
    loop.poll();
    return (resident_bytes() - before) / static_cast<double>(count);
  }

 private:
  static void spawn(asio::io_context& loop, awaitable<std::uint64_t> task, std::uint64_t& sum) {
    asio::co_spawn(loop, std::move(task), [&sum](std::exception_ptr error, std::uint64_t result) {
      rethrow(error);
      sum += result;
    });
  }
  static void run(asio::io_context& loop) {
    loop.run();
    loop.restart();
  }
};

const bool entered = [] {
  enter_asyncio<Asio>("asio", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
