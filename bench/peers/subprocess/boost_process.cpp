// Boost.Process: one pipe is read directly; two as its documentation reads two, by Asio.
#include <array>
#include <boost/asio/io_context.hpp>
#include <future>
#if __has_include(<boost/process/v1.hpp>)
#include <boost/process/v1.hpp>
#else
#include <boost/process.hpp>
#endif

#include "posix.hpp"

namespace bench {
namespace {

#if __has_include(<boost/process/v1.hpp>)
namespace process = boost::process::v1;
#else
namespace process = boost::process;
#endif

std::vector<std::string> behind_first(const Words& words) {
  return {words.begin() + 1, words.end()};
}

struct Spawner {
  int run(const Words& words) {
    process::child child(words[0], process::args(behind_first(words)));
    child.wait();
    return child.exit_code();
  }
};

class Capture {
 public:
  int run(const Words& words, std::size_t pipes) { return pipes == 1 ? one(words) : two(words); }
  std::string_view output(std::size_t pipe) const {
    return pipes_ == 1 ? direct_.view() : std::string_view(both_[pipe]);
  }

 private:
  int one(const Words& words) {
    process::pipe pipe;
    process::child child(words[0], process::args(behind_first(words)), process::std_out > pipe);
    while (const int count = pipe.read(direct_.room(kBlock), static_cast<int>(kBlock)))
      direct_.add(static_cast<std::size_t>(count));
    child.wait();
    return child.exit_code();
  }
  int two(const Words& words) {
    pipes_ = 2;
    boost::asio::io_context loop;
    std::array<std::future<std::string>, 2> outputs;
    process::child child(words[0], process::args(behind_first(words)),
                         process::std_out > outputs[0], process::std_err > outputs[1], loop);
    loop.run();
    child.wait();
    for (std::size_t i = 0; i < outputs.size(); ++i) both_[i] = outputs[i].get();
    return child.exit_code();
  }

  std::size_t pipes_ = 1;
  Bytes direct_;
  std::array<std::string, 2> both_;
};

const bool entered = [] {
  enter_spawner<Spawner>("boost.process", Kind::peer);
  enter_capture<Capture>("boost.process", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
