// BS::thread_pool, one header, which Debian has no package of.
#include <BS_thread_pool.hpp>
#include <cstddef>
#include <utility>

#include "../../harness/pool_rows.hpp"

namespace bench {
namespace {

class Pool {
 public:
  explicit Pool(std::size_t workers) : pool_(workers) {}

  template <class Task>
  void post(Task task) {
    pool_.detach_task(std::move(task));
  }
  template <class Task>
  auto submit(Task task) {
    return pool_.submit_task(std::move(task));
  }

 private:
  BS::thread_pool<> pool_;
};

const bool entered = [] {
  enter_posts<Pool>("bs", Kind::peer);
  enter_submits<Pool>("bs", Kind::peer);
  enter_pool_start<Pool>("bs", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
