#include "tandem/multiprocessing/exceptions.hpp"

#include <utility>

#include "tandem/core/repr.hpp"

namespace tandem::inline v1::multiprocessing {

BufferTooShort::BufferTooShort(std::string message)
    : ProcessError(v1::detail::bytes_repr(message)),
      message_(std::make_shared<const std::string>(std::move(message))) {}

}  // namespace tandem::inline v1::multiprocessing
