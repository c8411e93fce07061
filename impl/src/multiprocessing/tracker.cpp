#include "multiprocessing/tracker.hpp"

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
    std::list<std::string> own{name};
    Helper former;
    const std::scoped_lock guard(mutex_);
    forget_other_generations();
    // The lowest priority: whatever else ends may still have names.
    if (!at_end_) at_end_ = std::make_unique<Finalizer>(lowest, [] { get().end(); });
    if (!helper_) start();
    former = send_again_if_needed(message_for(Message::Kind::track, name));
    names_.splice(names_.end(), own);  // cannot fail: the tracker knows of it
  }

  void untrack(const std::string& name) noexcept {
    const std::scoped_lock guard(mutex_);
    forget_other_generations();
    if (std::erase(names_, name) == 0) return;
    send(message_for(Message::Kind::untrack, name));
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
    names_.clear();
  }

 private:
  static constexpr int lowest = -1000;

  static Message message_for(Message::Kind kind, const std::string& name) noexcept {
    Message message{kind, platform::process_id(), {}};
    std::strncpy(message.name, name.c_str(), sizeof message.name - 1);
    return message;
  }

  // A child of fork() shares the tracker, but owns nothing. With mutex_ held, as all below.
  void forget_other_generations() noexcept {
    if (std::exchange(generation_, process_generation) == process_generation) return;
    names_.clear();
    at_end_.reset();
  }

  // Returns the one before.
  Helper start() {
    platform::Pipe pipe;
    if (const int error = platform::open_pipe(pipe)) throw_os_error(error);
    const int end = pipe.reader.get();
    const platform::TrackerSignals held;  // or Ctrl-C might end it before it ignores that
    return std::exchange(helper_, Helper(std::move(pipe.writer), [end] {
                           return execute(
                               platform::own_executable(),
                               {platform::tracker_marker(), "pipe=" + std::to_string(end)}, {end});
                         }));
  }

  bool send(const Message& message) noexcept {
    return helper_ && platform::write_some(helper_.handle(), &message, sizeof message).error == 0;
  }

  // A tracker that was killed is started again, and told of all that this process has. Returns the
  // killed one.
  Helper send_again_if_needed(const Message& message) {
    if (send(message)) return {};
    Helper killed = start();
    for (const std::string& name : names_) send(message_for(Message::Kind::track, name));
    send(message);
    return killed;
  }

  void end() noexcept {
    const std::scoped_lock guard(mutex_);
    forget_other_generations();
    if (!names_.empty()) send(message_for(Message::Kind::family, ""));
  }

  ForkSafeMutex mutex_{ForkStage::executors};
  Helper helper_;                                  // guarded by mutex_
  std::list<std::string> names_;                   // guarded by mutex_: what this process owns
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
