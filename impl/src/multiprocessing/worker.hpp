// A worker: the process that runs the tasks of a Pool or a ProcessPoolExecutor, and what connects
// it with the thread that manages the workers. Each worker has its own; nothing is shared by two of
// them, so none can harm another by its death.
//
//   the manager's thread                                            the worker
//     RingWriter  ══ tasks ═══════════════════════════════════════► RingReader
//     RingReader  ◄═ what became of them ══════════════════════════ RingWriter
//     Claims      ── which of the tasks has been begun ──────────── Claims
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "multiprocessing/ring.hpp"
#include "platform/handle.hpp"
#include "tandem/pickle.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// A place for a task that a worker has been given. The tag of a message names it.
inline constexpr std::size_t slot_count = 128;

// In shared memory: who may have the task of a slot.
//
//   the manager       free ──► offered ──► withdrawn: the worker passes it by
//   the worker                    │            │
//                                 ▼            ▼
//                               begun        free
//
// begun stays until the manager has the answer, or the worker is dead: then that was the task that
// it held.
enum class Claim : std::uint32_t { free, offered, begun, withdrawn };
struct Claims {
  std::array<seam::atomic<Claim>, slot_count> slots;

  // Those that stand beside the rings.
  static Claims& in(const RingMemory& memory) noexcept {
    return *std::launder(reinterpret_cast<Claims*>(memory.spare().data()));
  }
};
static_assert(static_cast<std::uint32_t>(Claim::free) == 0);  // as the memory is at first

enum class Request : std::uint8_t { task, end };
enum class Answer : std::uint8_t {
  ready,      // the initializer has run
  value,      // what the action has written
  exception,  // what the action has thrown
  not_sent,   // two texts: the type of a result that cannot be sent, and why
};

// The tag of a message in a ring.
struct Tag {
  std::uint8_t kind = 0;  // a Request or an Answer
  std::uint8_t slot = 0;
  std::uint8_t handles = 0;  // how many open files come with it

  std::uint32_t encode() const noexcept {
    return kind | std::uint32_t{slot} << 8 | std::uint32_t{handles} << 16;
  }
  static Tag decode(std::uint32_t tag) noexcept {
    return {static_cast<std::uint8_t>(tag), static_cast<std::uint8_t>(tag >> 8),
            static_cast<std::uint8_t>(tag >> 16)};
  }
};
static_assert(slot_count <= 256);

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
