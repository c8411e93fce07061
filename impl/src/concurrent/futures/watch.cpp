#include "tandem/concurrent/futures/detail/watch.hpp"

#include <algorithm>
#include <string>

#include "concurrent/futures/helper.hpp"
#include "core/backoff.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

Watch::Watch() : Node(Kind::waiter, &told) {}

void Watch::told(Node& node, FutureState*) noexcept {
  auto& watch = static_cast<Watch&>(node);
  if (watch.generation != process_generation) return;  // the watcher stood on a lost stack
  const seam::atomic<std::uint32_t>* const word = watch.watcher->note_(*watch.watcher, watch);
  watch.over.store(true, std::memory_order_release);  // pairs with acquire in stop() and next()
  if (word) unpark_one(*word);  // last, and by its address only: the watcher may be gone
}

void Watcher::start(std::span<FutureState* const> futures) {
  watches_ = std::make_unique<Watch[]>(futures.size());
  for (FutureState* future : futures) {
    Watch& watch = watches_[count_++];
    watch.watcher = this;
    watch.future = future;
    watch.added = future->add(watch);
    if (!watch.added) note_(*this, watch);
  }
}

void Watcher::stop() noexcept {
  for (Watch& watch : watches())
    if (watch.added && !watch.over.load(std::memory_order_acquire) &&  // pairs: as below
        !watch.future->remove(watch))
      // acquire pairs with the release in told(): that thread is done with us.
      for (Backoff backoff; !watch.over.load(std::memory_order_acquire);) backoff();
}

namespace {

class Waiting final : public Watcher {
 public:
  Waiting(std::span<FutureState* const> futures, ReturnWhen return_when)
      : Watcher([](Watcher& self, Watch& watch) noexcept {
          return static_cast<Waiting&>(self).note(watch);
        }),
        return_when_(return_when),
        left_(futures.size()) {
    start(futures);
  }
  ~Waiting() { stop(); }

  // acquire pairs with the release in note(): the futures' results.
  bool is_over() const noexcept { return enough_.load(std::memory_order_acquire) != 0; }
  void wait(Deadline until) noexcept {
    while (!is_over() && park(enough_, 0, until)) {
    }
  }

 private:
  const seam::atomic<std::uint32_t>* note(Watch& watch) noexcept {
    // acq_rel pairs with itself: the last one passes on what all others have published.
    const bool last = left_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    if (!last && !is_enough(*watch.future)) return nullptr;
    enough_.store(1, std::memory_order_release);  // pairs with acquire in is_over()
    return &enough_;
  }
  bool is_enough(const FutureState& future) const noexcept {
    if (return_when_ == ReturnWhen::FIRST_COMPLETED) return true;
    return return_when_ == ReturnWhen::FIRST_EXCEPTION && future.state() == State::finished &&
           future.error();
  }

  ReturnWhen return_when_;
  seam::atomic<std::size_t> left_;
  seam::atomic<std::uint32_t> enough_{0};
};

}  // namespace

void wait_for(std::span<FutureState* const> futures, Timeout timeout, ReturnWhen return_when) {
  if (std::ranges::all_of(futures, [](FutureState* future) { return future->is_notified(); }))
    return;
  const Deadline until = Deadline::after(timeout);
  Waiting waiting(futures, return_when);
  if (!waiting.is_over()) v1::detail::refuse_too_large(timeout);
  // One that runs already is the first to be done, and what is run here might wait for that.
  const bool one_runs =
      return_when == ReturnWhen::FIRST_COMPLETED &&
      std::ranges::any_of(futures, [](FutureState* future) { return is_running(future->state()); });
  if (this_thread_helper && !one_runs)
    for (FutureState* future : futures)
      if (!waiting.is_over() && !until.passed()) help(*future);
  waiting.wait(until);
}

Completions::Completions(std::span<FutureState* const> futures)
    : Watcher([](Watcher& self, Watch& watch) noexcept {
        return static_cast<Completions&>(self).note(watch);
      }),
      left_(futures.size()) {
  start(futures);
}
Completions::~Completions() { stop(); }

const seam::atomic<std::uint32_t>* Completions::note(Watch& watch) noexcept {
  watch.next_done = newest_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  // release pairs with the acquire in next(): the link, and the future's result.
  while (!newest_.compare_exchange_weak(watch.next_done, &watch, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  events_.fetch_add(1, std::memory_order_release);  // pairs with acquire in next()
  return &events_;
}

void Completions::take_in() noexcept {
  Watch* newest = newest_.exchange(nullptr, std::memory_order_acquire);  // pairs with note()
  while (newest) {
    Watch* watch = std::exchange(newest, newest->next_done);
    watch->next_done = std::exchange(oldest_, watch);
  }
}

// Runs a call here that is still in the queue of this worker's pool. Each is tried once: none comes
// into a queue later.
bool Completions::help_with_one() noexcept {
  if (!this_thread_helper) return false;
  const auto is_awaited = [](const Watch& watch) {
    // acquire pairs with the release in told(). One that is not over has not been given out.
    return watch.added && !watch.over.load(std::memory_order_acquire);
  };
  // One that runs already is the next to be done, and what is run here might wait for that.
  if (std::ranges::any_of(watches(), [&](const Watch& watch) {
        return is_awaited(watch) && is_running(watch.future->state());
      }))
    return false;
  while (helped_ < watches().size()) {
    const Watch& watch = watches()[helped_++];
    if (is_awaited(watch) && help(*watch.future)) return true;
  }
  return false;
}

std::size_t Completions::next(Deadline until) {
  // As in CPython: what was done at the first step is given out whatever the time; the rest only
  // as long as there is time when it is asked for.
  if (!std::exchange(begun_, true)) take_in();
  while (!oldest_) {
    if (until.passed())
      throw TimeoutError(std::to_string(left_) + " (of " + std::to_string(watches().size()) +
                         ") futures unfinished");
    const std::uint32_t events = events_.load(std::memory_order_acquire);  // pairs with note()
    take_in();
    if (oldest_) break;
    if (!help_with_one()) park(events_, events, until);
    take_in();
  }
  Watch* watch = std::exchange(oldest_, oldest_->next_done);
  --left_;
  // From here on the caller may drop the future: nobody may still be telling us of it.
  // acquire pairs with the release in told().
  for (Backoff backoff; watch->added && !watch->over.load(std::memory_order_acquire);) backoff();
  return static_cast<std::size_t>(watch - watches().data());
}

}  // namespace tandem::inline v1::concurrent::futures::detail
