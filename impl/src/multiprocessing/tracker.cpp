#include "multiprocessing/tracker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "multiprocessing/finalizer.hpp"
#include "multiprocessing/forkserver.hpp"
#include "multiprocessing/helper.hpp"
#include "multiprocessing/preparation.hpp"
#include "multiprocessing/tracker_pipe.hpp"
#include "platform/fork.hpp"
#include "platform/pipe.hpp"
#include "platform/poll.hpp"
#include "platform/system.hpp"
#include "platform/tracker.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/detail/helpers.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

using Message = platform::TrackerMessage;

class Tracker {
 public:
  static Tracker& get() {
    static Tracker& forever = *new Tracker;  // never destroyed, as the book
    return forever;
  }

  void track(const std::string& name) {
    if (name.size() >= sizeof Message::name) throw_os_error(ENAMETOOLONG, name);
    std::list<Untold> own{{Message::Kind::track, name}};
    Helper killed;
    Lock lock(mutex_);
    forget_other_generations();
    // The lowest priority: whatever else ends may still have names.
    if (!at_end_) at_end_ = std::make_unique<Finalizer>(lowest, [] { get().end(); });
    if (!helper_) start();
    untold_.splice(untold_.end(), own);
    try {
      killed = tell_all(lock);
    } catch (...) {
      forget(name);
      throw;
    }
  }

  void untrack(const std::string& name) noexcept {
    Lock lock(mutex_);
    forget_other_generations();
    forget(name);
    tell_while_it_lives(lock);
  }

  platform::Handle handle() {
    const std::scoped_lock guard(mutex_);
    return helper_.duplicate_handle();
  }
  void adopt(platform::Handle handle) noexcept {
    Helper parents(std::move(handle));
    const std::scoped_lock guard(mutex_);
    helper_ = std::move(parents);
  }
  void stop() noexcept {
    Helper helper;
    const std::scoped_lock guard(mutex_);
    helper = std::exchange(helper_, {});
    told_.clear();
    forget_untracks();  // and who waits to have a name tracked starts the next one
  }

 private:
  using Lock = std::unique_lock<ForkSafeMutex>;
  static constexpr int lowest = -1000;

  struct Untold {
    Message::Kind kind;
    std::string name;
  };

  static Message message_for(Message::Kind kind, const std::string& name) noexcept {
    Message message{kind, platform::process_id(), {}};
    std::strncpy(message.name, name.c_str(), sizeof message.name - 1);
    return message;
  }

  // A child of fork() shares the tracker, but owns nothing. With mutex_ held, as all below.
  void forget_other_generations() noexcept {
    if (std::exchange(generation_, process_generation) == process_generation) return;
    told_.clear();
    untold_.clear();
    at_end_.reset();
  }
  // What the tracker knows of is in its turn among what it has yet to be told, or it might hear of
  // it after the next one of this name. (No memory is needed.)
  void forget(const std::string& name) noexcept {
    std::erase_if(untold_, [&](const Untold& each) {
      return each.kind == Message::Kind::track && each.name == name;
    });
    const auto found = std::ranges::find(told_, name, &Untold::name);
    if (found == told_.end()) return;
    found->kind = Message::Kind::untrack;
    untold_.splice(untold_.end(), told_, found);
    std::erase_if(told_, [&](const Untold& each) { return each.name == name; });
  }
  void forget_untracks() noexcept {
    std::erase_if(untold_, [](const Untold& each) { return each.kind == Message::Kind::untrack; });
  }

  // Returns the one before.
  Helper start() {
    platform::Pipe pipe;
    if (const int error = platform::open_pipe(pipe)) throw_os_error(error);
    if (const int error = platform::set_nonblocking(pipe.writer.get(), true)) throw_os_error(error);
    const int end = pipe.reader.get();
    const platform::TrackerSignals held;  // or Ctrl-C might end it before it ignores that
    return std::exchange(helper_, Helper(std::move(pipe.writer), [end] {
                           return execute(
                               platform::own_executable(),
                               {platform::tracker_marker(), "pipe=" + std::to_string(end)}, {end});
                         }));
  }

  // EAGAIN: its pipe is full.
  int send(const Message& message) const noexcept {
    return helper_ ? platform::write_some(helper_.handle(), &message, sizeof message).error : EPIPE;
  }

  // Without the lock: a tracker that was stopped reads nothing, and every fork() would wait as
  // long. (With it where no handle is to be had.)
  void wait_for_room(Lock& lock) const noexcept {
    platform::Handle own;
    const bool has_own = platform::duplicate_handle(helper_.handle(), own) == 0;
    platform::Polled room[] = {{has_own ? own.get() : helper_.handle(), true}};
    if (has_own) lock.unlock();
    platform::poll(room, nullptr);
    if (has_own) lock.lock();
  }

  void told_first() noexcept {
    if (untold_.front().kind == Message::Kind::track)
      told_.splice(told_.end(), untold_, untold_.begin());
    else
      untold_.pop_front();
  }

  // Returns why not all, if so: there is no tracker that lives.
  int tell_while_it_lives(Lock& lock) noexcept {
    while (!untold_.empty()) {
      const int error = send(message_for(untold_.front().kind, untold_.front().name));
      if (error == 0) {
        told_first();
      } else if (error == EAGAIN) {
        wait_for_room(lock);
      } else {
        forget_untracks();
        return error;
      }
    }
    return 0;
  }

  // A tracker that was killed is started again, and told of all that this process has. Returns the
  // killed one.
  Helper tell_all(Lock& lock) {
    if (tell_while_it_lives(lock) == 0) return {};
    Helper killed = start();
    untold_.splice(untold_.begin(), told_);
    tell_while_it_lives(lock);  // or the next one was killed, too
    return killed;
  }

  void end() noexcept {
    Lock lock(mutex_);
    forget_other_generations();
    if (told_.empty()) return;
    tell_while_it_lives(lock);
    while (send(message_for(Message::Kind::family, "")) == EAGAIN) wait_for_room(lock);
  }

  ForkSafeMutex mutex_{ForkStage::executors};
  Helper helper_;                                  // guarded by mutex_
  std::list<Untold> told_, untold_;                // guarded by mutex_: what this process owns, as
                                                   // far as the tracker knows, and what it is to
                                                   // hear of next, in this order
  std::unique_ptr<Finalizer> at_end_;              // guarded by mutex_
  std::uint32_t generation_ = process_generation;  // guarded by mutex_
};
[[maybe_unused]] const Tracker& tracker_at_start = Tracker::get();

}  // namespace

void track_shared_memory(const std::string& name) { Tracker::get().track(name); }
void untrack_shared_memory(const std::string& name) noexcept { Tracker::get().untrack(name); }

platform::Handle tracker_handle() { return Tracker::get().handle(); }
void adopt_tracker(platform::Handle handle) noexcept { Tracker::get().adopt(std::move(handle)); }

void stop_helpers() {
  stop_fork_server();
  Tracker::get().stop();
}

}  // namespace tandem::inline v1::multiprocessing::detail
