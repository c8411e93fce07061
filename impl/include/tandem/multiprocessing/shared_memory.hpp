// Python's multiprocessing.shared_memory: memory that processes share by its name.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tandem/core/export.hpp"

namespace tandem::inline v1 {

namespace pickle {
class Output;
class Input;
}  // namespace pickle

namespace multiprocessing::shared_memory {

// Python's keyword arguments of SharedMemory().
struct SharedMemoryOptions {
  std::optional<std::string> name{};  // none: a new one, only with create
  bool create = false;                // false: one that is there, whose size it has
  std::int64_t size = 0;              // in bytes
  // Whether it is unlinked when the process that has created it has ended, killed or not, without
  // having done so. Only of who creates it: who attaches takes nothing away (Python's does).
  bool track = true;
};

// A piece of memory with a name. A handle: a copy is the same attachment; pickled, it is attached
// by its name.
// Threads  the memory is plain: who changes it needs a lock.
// Spec     multiprocessing.shared_memory
class TANDEM_API SharedMemory {
 public:
  // Throws   ValueError (no name without create; a null character in it; a size below zero, or of
  //          zero with create); FileExistsError (create, and there is one); FileNotFoundError;
  //          OSError.
  explicit SharedMemory(SharedMemoryOptions options);
  // A template, so that braces are the options.
  template <std::convertible_to<std::string> Name>
  explicit SharedMemory(Name&& name)
      : SharedMemory(SharedMemoryOptions{.name = std::forward<Name>(name)}) {}

  // All of it; empty after close(), which ends the validity of every such span.
  std::span<std::byte> buf() const noexcept;
  const std::string& name() const noexcept;
  std::size_t size() const noexcept;

  // Takes the memory from this process; the last copy of the handle does so by itself.
  void close() const noexcept;
  // Takes the name away. The memory is gone when nobody has it attached.
  // Throws   FileNotFoundError (there is no such name any more).
  void unlink() const;

  friend bool operator==(const SharedMemory&, const SharedMemory&) noexcept = default;
  // Python's repr: "SharedMemory('psm_21467_46075', size=4096)".
  TANDEM_API friend std::string to_string(const SharedMemory& memory);
  friend std::ostream& operator<<(std::ostream& out, const SharedMemory& memory) {
    return out << to_string(memory);
  }

  // Not for users: how it crosses to another process, any one.
  void pickle(v1::pickle::Output& output) const;
  static SharedMemory unpickle(v1::pickle::Input& input);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// An element of a ShareableList: Python's None, bool, int, float, str. Its bytes are read as str.
using Shareable = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

// A list in shared memory, as Python's, which reads and writes the same memory. Its length never
// changes, nor the room that each string has.
// A handle; pickled, it is attached by its name.
// Threads  as SharedMemory.
// Spec     multiprocessing.shared_memory.shareable-list
class TANDEM_API ShareableList {
 public:
  //   name  of the memory; none: a new one
  // Throws   as SharedMemory.
  explicit ShareableList(std::vector<Shareable> sequence, std::optional<std::string> name = {});
  ShareableList(std::initializer_list<Shareable> sequence, std::optional<std::string> name = {})
      : ShareableList(std::vector<Shareable>(sequence), std::move(name)) {}
  // The list that is there under that name.
  static ShareableList attach(std::string name);

  const SharedMemory& shm() const noexcept { return memory_; }
  // Throws   ValueError (the memory was closed), as all of these.
  std::size_t size() const;

  // A negative position counts from the end.
  // Throws   IndexError.
  Shareable get(std::ptrdiff_t position) const;
  template <class T>
  T get(std::ptrdiff_t position) const {
    return std::get<T>(get(position));
  }
  // Throws   IndexError; ValueError (a string that is longer than the room that there is).
  void set(std::ptrdiff_t position, const Shareable& value) const;
  std::vector<Shareable> values() const;

  std::size_t count(const Shareable& value) const;
  // The first position. Throws   ValueError (it is not in there).
  std::size_t index(const Shareable& value) const;
  // Python's struct format of all elements: "q8sd".
  std::string format() const;

  friend bool operator==(const ShareableList&, const ShareableList&) noexcept = default;
  // Python's repr: "ShareableList([1, 'a'], name='psm_…')".
  TANDEM_API friend std::string to_string(const ShareableList& list);
  friend std::ostream& operator<<(std::ostream& out, const ShareableList& list) {
    return out << to_string(list);
  }

  // Not for users: as SharedMemory's.
  void pickle(v1::pickle::Output& output) const;
  static ShareableList unpickle(v1::pickle::Input& input);

 private:
  explicit ShareableList(SharedMemory memory) noexcept : memory_(std::move(memory)) {}

  SharedMemory memory_;
};

}  // namespace multiprocessing::shared_memory
}  // namespace tandem::inline v1
