// A thread as the system's library has it.
#include <pthread.h>

#include "../../harness/start_rows.hpp"

namespace bench {
namespace {

const bool entered = [] {
  enter_start_of("thread", "pthread", Kind::peer, [](auto body) {
    const auto run = [](void* argument) -> void* {
      (*static_cast<decltype(body)*>(argument))();
      return nullptr;
    };
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, run, &body) != 0) throw Broken("no thread");
    pthread_join(thread, nullptr);
  });
  return true;
}();

}  // namespace
}  // namespace bench
