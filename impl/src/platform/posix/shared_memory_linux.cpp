#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "platform/shared_memory.hpp"

namespace tandem::inline v1::platform {

int resize_shared_memory(int handle, std::size_t length) noexcept {
  if (std::cmp_greater(length, std::numeric_limits<off_t>::max())) return EFBIG;
  int result;
  do result = ::ftruncate(handle, static_cast<off_t>(length));
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

int create_shared_memory(std::size_t length, Handle& handle) noexcept {
  Handle made(::memfd_create("tandem", MFD_CLOEXEC));
  if (!made) return errno;
  if (const int error = resize_shared_memory(made.get(), length)) return error;
  handle = std::move(made);
  return 0;
}

int create_named_memory(const char* name, std::size_t length, Handle& handle) noexcept {
  // Close-on-exec is set by shm_open() itself.
  Handle made(::shm_open(name, O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR));
  if (!made) return errno;
  if (const int error = resize_shared_memory(made.get(), length)) {
    ::shm_unlink(name);
    return error;
  }
  handle = std::move(made);
  return 0;
}

int open_named_memory(const char* name, Handle& handle) noexcept {
  Handle opened(::shm_open(name, O_RDWR, 0));
  if (!opened) return errno;
  handle = std::move(opened);
  return 0;
}

int unlink_named_memory(const char* name) noexcept { return ::shm_unlink(name) == 0 ? 0 : errno; }

int length_of_shared_memory(int handle, std::size_t& length) noexcept {
  struct stat status {};
  if (::fstat(handle, &status) != 0) return errno;
  length = static_cast<std::size_t>(status.st_size);
  return 0;
}

int identify_shared_memory(int handle, SharedMemoryId& id) noexcept {
  struct stat status {};
  if (::fstat(handle, &status) != 0) return errno;
  id = {status.st_dev, status.st_ino};
  return 0;
}

int map_shared_memory(int handle, std::size_t length, void*& memory) noexcept {
  void* const mapped = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
  if (mapped == MAP_FAILED) return errno;
  memory = mapped;
  return 0;
}

void unmap_shared_memory(void* memory, std::size_t length) noexcept { ::munmap(memory, length); }

void keep_out_of_dumps(void* part, std::size_t length) noexcept {
  ::madvise(part, length, MADV_DONTDUMP);
}

void drop_shared_memory(void* part, std::size_t length) noexcept {
  ::madvise(part, length, MADV_REMOVE);
}

}  // namespace tandem::inline v1::platform
