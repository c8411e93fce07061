// A worker: the process that runs the tasks of a Pool or a ProcessPoolExecutor, and what connects
// it with the thread that manages the workers. The rings are its own. What all workers share has no
// locks: none can harm another by its death.
//
//   the manager's thread                                            the worker
//     TaskBoard   ── tasks, for whichever worker begins them ──────► TaskBoard
//     RingWriter  ══ "look", "end", a task that is too long ═══════► RingReader
//     RingReader  ◄═ what became of them ══════════════════════════ RingWriter
//     Bed         ◄─ "asleep" ───────────────────────────────────── Bed
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "multiprocessing/ring.hpp"
#include "multiprocessing/task_board.hpp"
#include "platform/handle.hpp"
#include "tandem/pickle.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// In shared memory, beside the rings: whether the worker has found nothing to do. Who clears it
// wakes it.
struct Bed {
  seam::atomic<bool> asleep;

  static Bed& in(const RingMemory& memory) noexcept {
    return *std::launder(reinterpret_cast<Bed*>(memory.spare().data()));
  }
};

enum class WorkerRequest : std::uint8_t {
  look,      // there is something on the board
  task,      // that was asked for
  not_sent,  // instead: its open files could not be sent
  end,
};
enum class WorkerAnswer : std::uint8_t {
  ready,      // the initializer has run
  asks,       // the task has been begun, and its message is to be sent
  value,      // what the action has written
  exception,  // what the action has thrown
  not_sent,   // two texts: the type of a result that cannot be sent, and why
};

// The tag of a message in a ring.
struct Tag {
  std::uint8_t kind = 0;       // a WorkerRequest or a WorkerAnswer
  std::uint8_t handles = 0;    // how many open files come with it
  TaskBoard::Place place = 0;  // of the task on the board

  std::uint32_t encode() const noexcept {
    return kind | std::uint32_t{handles} << 3 | std::uint32_t{place} << 11;
  }
  static Tag decode(std::uint32_t tag) noexcept {
    return {static_cast<std::uint8_t>(tag & 7), static_cast<std::uint8_t>(tag >> 3),
            static_cast<TaskBoard::Place>(tag >> 11)};
  }
};
static_assert(TaskBoard::most_places <= std::size_t{1} << 13);  // a tag has 24 bits

struct WorkerRules {
  // Python's Pool: an exception that is no std::exception but a BaseException, and what the
  // initializer throws, end the worker. Else, a ProcessPoolExecutor's: all that a task throws is
  // its result, and the initializer's is logged.
  bool is_pool = true;
  std::optional<std::size_t> max_tasks{};
  pickle::PortableCall initializer{};
};

// What a worker is started with. A handle, so that it can be called by a Process.
class WorkerEnd {
 public:
  struct Parts {
    std::unique_ptr<RingReader> requests;
    std::unique_ptr<RingWriter> answers;
    std::shared_ptr<TaskBoard> board;
    std::uint32_t number = 0;  // among all that the board has had
    WorkerRules rules;
  };

  explicit WorkerEnd(Parts parts) : parts_(std::make_shared<Parts>(std::move(parts))) {}

  Parts& parts() const noexcept { return *parts_; }
  // In the process that keeps the other end.
  void close() const noexcept;

  void pickle(pickle::Output& output) const;
  static WorkerEnd unpickle(pickle::Input& input);

 private:
  std::shared_ptr<Parts> parts_;
};

// What the process does.
void work(WorkerEnd end);

// A message for a ring, with the open files that its output has.
// Throws   OSError (too many of them).
std::uint8_t count_handles(std::span<const int> handles);

}  // namespace tandem::inline v1::multiprocessing::detail
