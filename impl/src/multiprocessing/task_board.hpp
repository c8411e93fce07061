// Tasks for whichever worker is free, in memory that all workers of a pool share: each takes the
// oldest one that nobody has begun. So tasks begin in the order in which they were offered, and
// none stands behind another one while a worker is idle.
//
//   order      │ turn 7: place 2 │ turn 8: place 0 │ turn 9: place 5 │ …        written by the
//   manager
//                                    │
//   places     │ 0: claim, bytes │ 1: claim, bytes │ 2: claim, bytes │ …
//
// A claim is one word, and decides who has a task; so nobody who is killed can spoil the board:
//
//   the manager       offered ──► withdrawn
//   a worker             └──────► begun, by this one
//
// begun stays until the place is offered again, which is after the answer, or after the worker's
// death: then that was the task that it held. What is begun or withdrawn never becomes free again
// in the same turn; so whoever has seen that looks no more at that turn.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "platform/handle.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

class TaskBoard {
 public:
  using Place = std::uint16_t;
  // The numbers of workers: not 0, and below this.
  static constexpr std::uint32_t worker_end = (1U << 24) - 1;
  static constexpr std::size_t most_places = std::size_t{1} << 13;  // see Tag
  // Longer ones, and those with open files, go by the worker's own ring, when it has begun them.
  static constexpr std::size_t most_bytes = 1008;

  // Throws   OSError.
  static std::shared_ptr<TaskBoard> create(std::size_t places);
  // In another process.
  static std::shared_ptr<TaskBoard> attach(platform::Handle handle);
  TaskBoard(const TaskBoard&) = delete;
  TaskBoard& operator=(const TaskBoard&) = delete;
  ~TaskBoard();

  int handle() const noexcept { return handle_.get(); }
  std::size_t places() const noexcept;

  // ---- the manager's thread ----

  // The place is nobody's any more: it is new, or what stood there is over.
  //   bytes  what is to be done; none: it is too long, and whoever begins it asks for it
  void offer(Place place, std::optional<std::span<const std::byte>> bytes) noexcept;
  // Returns whether nobody has begun it; then nobody will.
  bool withdraw(Place place) noexcept;
  bool is_begun_by(Place place, std::uint32_t worker) const noexcept;
  // Whether there is something that nobody has begun.
  bool has_offers() noexcept;

  // ---- a worker ----

  struct Task {
    Place place;
    std::optional<std::span<const std::byte>> bytes;  // they stay until it is answered
  };
  // The oldest one.
  //   turn  where the worker looks next; 1 at first
  std::optional<Task> take(std::uint32_t worker, std::uint64_t& turn) noexcept;
  // Whether something has been offered since take() found nothing.
  bool has_news(std::uint64_t turn) const noexcept;

 private:
  struct Head;
  struct Slot;

  // Throws   OSError.
  TaskBoard(platform::Handle handle, std::size_t length);
  Head& head() const noexcept;
  seam::atomic<std::uint64_t>& order(std::uint64_t turn) const noexcept;
  Slot& slot(Place place) const noexcept;

  const platform::Handle handle_;
  const std::size_t length_;
  void* memory_ = nullptr;
  std::uint64_t next_ = 1;   // the manager's: the turn of the next offer
  std::uint64_t first_ = 1;  // the manager's: before that nothing is left
};

}  // namespace tandem::inline v1::multiprocessing::detail
