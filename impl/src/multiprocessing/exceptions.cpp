#include "tandem/multiprocessing/exceptions.hpp"

#include <utility>

#include "tandem/core/repr.hpp"
#include "tandem/pickle/exception.hpp"

// The destructors stand here so that whoever throws one of these has them registered, too: also in
// a program that takes of a static library only what it needs.
TANDEM_REGISTER_EXCEPTION(tandem::multiprocessing::ProcessError);
TANDEM_REGISTER_EXCEPTION(tandem::multiprocessing::BufferTooShort);
TANDEM_REGISTER_EXCEPTION(tandem::multiprocessing::TimeoutError);
TANDEM_REGISTER_EXCEPTION(tandem::multiprocessing::AuthenticationError);

namespace tandem::inline v1::multiprocessing {

ProcessError::~ProcessError() = default;
TimeoutError::~TimeoutError() = default;
AuthenticationError::~AuthenticationError() = default;

BufferTooShort::BufferTooShort(std::string message)
    : ProcessError(v1::detail::bytes_repr(message)),
      message_(std::make_shared<const std::string>(std::move(message))) {}

}  // namespace tandem::inline v1::multiprocessing
