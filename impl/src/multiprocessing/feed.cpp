#include "tandem/multiprocessing/detail/feed.hpp"

#include <mutex>
#include <utility>

#include "multiprocessing/workers.hpp"
#include "tandem/core/abandon.hpp"
#include "tandem/core/caught.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/detail/async_state.hpp"

namespace tandem::inline v1::multiprocessing::detail {

void Feed::start(std::shared_ptr<Feed> self, Job& job, std::shared_ptr<Workers> workers,
                 std::optional<std::size_t> buffersize) {
  job_ = &job;
  workers_ = std::move(workers);
  bounded_ = buffersize.has_value();
  window_ = buffersize.value_or(workers_->window());
  self_ = self;
  const auto error = v1::detail::caught([&] {
    if (workers_->add(self) != Workers::State::run) throw ValueError("Pool not running");
    thread_.emplace(threading::ThreadOptions{.target = [self] { self->run(); }, .daemon = true});
    thread_->start();
  });
  if (!error) return;
  end({});
  workers_->remove(*this);
  thread_.reset();  // which would keep this
  std::rethrow_exception(error);
}

void Feed::go_to_the_end() noexcept {
  const std::scoped_lock guard(changed_);
  to_the_end_ = true;
  changed_.notify_all();
}

void Feed::end(std::exception_ptr error) noexcept {
  std::size_t length;
  bool over;
  {
    const std::scoped_lock guard(changed_);
    if (std::exchange(ended_, true)) return;
    error_ = std::move(error);
    length = handed_over_ + (error_ ? 1 : 0);
    over = done_ == handed_over_;
    changed_.notify_all();
  }
  length_is(length);
  if (over) finish();
}

void Feed::abandon() noexcept {
  // At the end of the program a daemon may have been left behind with the mutex.
  if (workers_->is_elsewhere() || v1::detail::has_abandoned_threads()) return;
  end({});
  if (!thread_ || *thread_ == threading::current_thread()) return;
  thread_->join();
}

bool Feed::is_ended() noexcept {
  const std::scoped_lock guard(changed_);
  return ended_;
}

void Feed::took_one() noexcept {
  const std::scoped_lock guard(changed_);
  ++taken_;
  changed_.notify_all();
}

void Feed::did_one() noexcept {
  bool over;
  {
    const std::scoped_lock guard(changed_);
    over = ++done_ == handed_over_ && ended_;
  }
  if (over) finish();
}

// What reading has thrown comes last, also where the order is that of the calls' ends.
void Feed::finish() noexcept {
  const auto self = std::move(self_);
  if (error_) add_error(handed_over_, std::exchange(error_, {}));
}

// ---- the thread ----

void Feed::run() noexcept {
  auto error = v1::detail::caught([this] {
    while (read_one()) {
    }
  });
  close();
  end(std::move(error));
  workers_->remove(*this);
}

bool Feed::read_one() {
  const std::size_t task = handed_over_;
  switch (wait_for_room()) {
    case Room::some:
      return read(task) && hand_over(task);
    case Room::none:
      // Whether something is left is looked at only now: the next element may be far.
      if (has_more()) throw ValueError("Pool not running");
      return false;
    case Room::no_more:
      break;
  }
  return false;
}

Feed::Room Feed::wait_for_room() {
  const std::scoped_lock guard(changed_);
  const auto has_room = [this] {
    return handed_over_ - taken_ < window_ || (to_the_end_ && !bounded_);
  };
  changed_.wait_for([&] { return ended_ || to_the_end_ || has_room(); });
  return ended_ ? Room::no_more : has_room() ? Room::some : Room::none;
}

bool Feed::hand_over(std::size_t task) {
  const std::scoped_lock guard(changed_);  // so that it cannot be done before it is counted
  if (ended_) return false;
  const Workers::State state = workers_->post(*job_, task, task + 1, Workers::Begun::before);
  if (state != Workers::State::run && state != Workers::State::close)
    std::rethrow_exception(terminated_error());
  ++handed_over_;
  return true;
}

}  // namespace tandem::inline v1::multiprocessing::detail
