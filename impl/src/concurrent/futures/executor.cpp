#include "tandem/concurrent/futures/executor.hpp"

namespace tandem::inline v1::concurrent::futures {

void WorkItem::fail(std::exception_ptr error) noexcept {
  detail::FutureState* task = std::exchange(task_, nullptr);
  const bool wanted = task->start_claimed();
  task->discard();
  if (wanted) {
    task->fail(std::move(error));
    task->finish();
  }
  task->drop_work();
}

void WorkItem::abandon() noexcept {
  detail::FutureState* task = std::exchange(task_, nullptr);
  if (task->cancel()) task->start_claimed();  // which tells those in wait() and as_completed()
  task->discard();
  task->drop_work();
}

ExecutorBase::~ExecutorBase() = default;

void ExecutorBase::post(WorkItem) {
  throw RuntimeError("cannot schedule new futures after interpreter shutdown");
}

}  // namespace tandem::inline v1::concurrent::futures
