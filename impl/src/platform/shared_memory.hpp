// Neutral contract: memory that several processes see, without a name or with one. Functions that
// can fail return 0 or the error number of the system.
#pragma once
#include <cstddef>
#include <cstdint>

#include "platform/handle.hpp"

namespace tandem::inline v1::platform {

// All zero; nobody finds it but who is given the handle, and it is gone with the last handle and
// the last mapping, however their processes end. It costs what was written of it.
int create_shared_memory(std::size_t length, Handle& handle) noexcept;

// The same under a name that all processes know ("/name"), and that stays until it is unlinked.
int create_named_memory(const char* name, std::size_t length, Handle& handle) noexcept;  // EEXIST
int open_named_memory(const char* name, Handle& handle) noexcept;                        // ENOENT
int unlink_named_memory(const char* name) noexcept;

// Parts of a mapping beyond the end must not be touched; what is new is zero.
int resize_shared_memory(int handle, std::size_t length) noexcept;
int length_of_shared_memory(int handle, std::size_t& length) noexcept;

// Which memory it is, whatever handle it is reached by.
struct SharedMemoryId {
  std::uint64_t device = 0, file = 0;
  friend bool operator==(const SharedMemoryId&, const SharedMemoryId&) = default;
};
int identify_shared_memory(int handle, SharedMemoryId& id) noexcept;

// More may be mapped than there is yet. A child of fork() has the mapping, too. The handle may be
// closed.
int map_shared_memory(int handle, std::size_t length, void*& memory) noexcept;
void unmap_shared_memory(void* memory, std::size_t length) noexcept;
// A dump of this process leaves this part out: where most of it is addresses only.
void keep_out_of_dumps(void* part, std::size_t length) noexcept;
// Gives back what whole pages in this part consist of; they are zero then, for everybody.
void drop_shared_memory(void* part, std::size_t length) noexcept;

}  // namespace tandem::inline v1::platform
