#include "multiprocessing/segments.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <mutex>

#include "platform/shared_memory.hpp"
#include "tandem/multiprocessing/shared_memory.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

bool is_unlinked(const std::string& name) {
  platform::Handle handle;
  return platform::open_named_memory(("/" + name).c_str(), handle) == ENOENT;
}

}  // namespace

Segments::~Segments() {
  for (const std::string& name : names_) {
    try {
      shared_memory::SharedMemory(name).unlink();
    } catch (const std::exception&) {  // somebody has done so
    }
  }
}

void Segments::track(const std::string& name) {
  const std::scoped_lock guard(mutex_);
  if (names_.size() >= next_look_) {
    std::erase_if(names_, is_unlinked);
    next_look_ = std::max(next_look_, 2 * names_.size());
  }
  names_.push_back(name);
}

std::size_t Segments::count() const {
  const std::scoped_lock guard(mutex_);
  return names_.size();
}

}  // namespace tandem::inline v1::multiprocessing::detail
