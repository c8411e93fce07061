// Python's os.register_at_fork.
#pragma once
#include <functional>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::os {

// Python's keyword arguments of register_at_fork(). An empty one is not given.
struct RegisterAtForkOptions {
  std::function<void()> before{};           // in the parent, before fork()
  std::function<void()> after_in_child{};   // in the child, before fork() returns
  std::function<void()> after_in_parent{};  // in the parent, before fork() returns
};

// Has functions called around every fork() from now on, in the thread that forks. For locks of your
// own: take them before, release them after, and no child finds one held by a thread that it has
// not. In all of them tandem can be used as ever.
// What they throw is reported to the log sink and ignored. They cannot be taken back.
// Throws   TypeError (none is given).
// Threads  any number at once. What is registered while another thread forks misses that fork(), or
//          is told of all of it.
// Order    before: last registered first; after: in the order in which they were registered.
// Spec     os.register-at-fork
TANDEM_API void register_at_fork(RegisterAtForkOptions options);

}  // namespace tandem::inline v1::os
