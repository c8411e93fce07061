// The queue behind Queue, JoinableQueue and SimpleQueue: of pickles, between processes.
//
//   putters ──P──► tail ═══ pickles ═══ head ──G──► getters      one ring in shared memory
//
// Each end has a mutex that its owner's death frees. An item is there from the moment that the tail
// moves behind it, and gone from the moment that the head does: whoever is killed in put() or get()
// leaves the other items as they are. The ring grows when it is full, and shrinks when it is empty.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "tandem/core/export.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/queue/exceptions.hpp"

namespace tandem::inline v1 {

namespace pickle {
class Output;
class Input;
}  // namespace pickle

namespace multiprocessing::detail {

using namespace v1::detail;

// The bytes of an item, outside of the queue.
class ItemBytes {
 public:
  ItemBytes() = default;
  ItemBytes(const ItemBytes&) = delete;
  ItemBytes& operator=(const ItemBytes&) = delete;

  // Throws   std::bad_alloc.
  std::byte* resize(std::size_t size) {
    if (size > sizeof inline_) large_.reset(new std::byte[size]);
    size_ = size;
    return data();
  }
  std::byte* data() noexcept { return size_ > sizeof inline_ ? large_.get() : inline_; }
  std::span<const std::byte> bytes() noexcept { return {data(), size_}; }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> large_;
  std::byte inline_[2048];  // not initialised
};

enum class QueueKind : std::uint8_t { queue, joinable, simple };

// A handle: a copy is the same queue.
class TANDEM_API ByteQueue {
 public:
  ByteQueue(const Context& context, QueueKind kind, std::ptrdiff_t maxsize);

  // Throws   ValueError (closed); Full (no room, in time); ShutDown; std::bad_alloc (the memory
  //          that is set aside for the queue is full).
  void put(std::span<const std::byte> bytes, const queue::BlockOptions& options) const;
  bool try_put(std::span<const std::byte> bytes) const;
  // Throws   ValueError (closed); Empty (none, in time); ShutDown (and nothing is left).
  void get(ItemBytes& item, const queue::BlockOptions& options) const;
  bool try_get(ItemBytes& item) const;

  void task_done() const;
  void join() const;

  std::size_t size() const noexcept;
  bool empty() const;
  bool full() const noexcept;

  void close() const noexcept;
  void join_thread() const;
  void shutdown(bool immediate) const;
  bool is_shutdown() const noexcept;

  const void* id() const noexcept { return state_.get(); }
  // "<multiprocessing.queues.Queue object at 0x7f12ab>", by its kind.
  std::string repr() const;

  void pickle(v1::pickle::Output& output) const;
  static ByteQueue unpickle(v1::pickle::Input& input);

 private:
  class State;
  explicit ByteQueue(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  void check_open() const;

  std::shared_ptr<State> state_;
};

}  // namespace multiprocessing::detail
}  // namespace tandem::inline v1
