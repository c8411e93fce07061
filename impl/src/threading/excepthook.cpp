// What becomes of an exception that leaves a thread's run().
#include <memory>
#include <mutex>
#include <utility>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/threading/thread.hpp"

namespace tandem::inline v1::threading {

namespace {

struct Hook {
  detail::ForkSafeMutex mutex{detail::ForkStage::threading};
  std::shared_ptr<ExceptHook> current = std::make_shared<ExceptHook>();
};
Hook& hook() {
  static Hook& forever = *new Hook;  // never destroyed: threads fail until the very end
  return forever;
}
[[maybe_unused]] const Hook& hook_at_start = hook();

bool is_system_exit(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const SystemExit&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

ExceptHook excepthook(ExceptHook next) {
  auto shared = std::make_shared<ExceptHook>(std::move(next));
  {
    const std::scoped_lock guard(hook().mutex);
    hook().current.swap(shared);
  }
  return *shared;  // a copy of the user's, which may do anything
}

void excepthook(const ExceptHookArgs& args) {
  std::unique_lock guard(hook().mutex);
  const auto current = hook().current;
  guard.unlock();  // the hook may set another one
  *current ? (*current)(args) : default_excepthook(args);
}

void default_excepthook(const ExceptHookArgs& args) {
  if (is_system_exit(args.exc_value)) return;
  const std::string name = args.thread ? args.thread->name() : std::to_string(get_ident());
  detail::log("Exception in thread " + name + ":\n" + detail::exception_text(args.exc_value));
}

}  // namespace tandem::inline v1::threading
