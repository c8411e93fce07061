// Boost.Asio: thread_pool, results through std::packaged_task.
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <future>
#include <type_traits>
#include <utility>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

class Asio {
 public:
  explicit Asio(std::size_t workers) : pool_(workers) {}
  ~Asio() { pool_.join(); }

  template <class Task>
  void post(Task task) {
    boost::asio::post(pool_, std::move(task));
  }

  template <class Task>
  auto submit(Task task) {
    std::packaged_task<std::invoke_result_t<Task>()> packaged(std::move(task));
    auto result = packaged.get_future();
    boost::asio::post(pool_, std::move(packaged));
    return result;
  }

 private:
  boost::asio::thread_pool pool_;
};

const bool entered = [] {
  enter_posts<Asio>("asio", Kind::peer);
  enter_submits<Asio>("asio", Kind::peer);
  enter_pool_start<Asio>("asio", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
