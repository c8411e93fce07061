// GLib: GThreadPool, a task on the heap for each push, results through std::packaged_task.
#include <glib.h>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

using Task = std::function<void()>;

void run(gpointer data, gpointer) {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  (*task)();
}

class Glib {
 public:
  explicit Glib(std::size_t workers)
      : pool_(g_thread_pool_new(run, nullptr, static_cast<gint>(workers), TRUE, nullptr)) {}
  ~Glib() { g_thread_pool_free(pool_, FALSE, TRUE); }
  Glib(const Glib&) = delete;
  Glib& operator=(const Glib&) = delete;

  void post(Task task) { g_thread_pool_push(pool_, new Task(std::move(task)), nullptr); }

  template <class F>
  auto submit(F f) {
    using Packaged = std::packaged_task<std::invoke_result_t<F>()>;
    auto packaged = std::make_shared<Packaged>(std::move(f));
    auto result = packaged->get_future();
    post([packaged = std::move(packaged)] { (*packaged)(); });
    return result;
  }

 private:
  GThreadPool* pool_;
};

const bool entered = [] {
  enter_posts<Glib>("glib", Kind::peer);
  enter_submits<Glib>("glib", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
