#include "tandem/core/exception_group.hpp"

#include <algorithm>

namespace tandem::inline v1 {

struct detail::GroupFields {
  std::string message;
  Exceptions exceptions;
};

namespace {

using detail::Exceptions;

std::string text_of(const std::string& message, const Exceptions& exceptions) {
  return message + " (" + std::to_string(exceptions.size()) +
         (exceptions.size() == 1 ? " sub-exception)" : " sub-exceptions)");
}

std::shared_ptr<const detail::GroupFields> fields_of(std::string message, Exceptions exceptions) {
  if (exceptions.empty())
    throw ValueError("second argument (exceptions) must be a non-empty sequence");
  const auto null = std::find(exceptions.begin(), exceptions.end(), nullptr);
  if (null != exceptions.end())
    throw ValueError("Item " + std::to_string(null - exceptions.begin()) +
                     " of second argument (exceptions) is not an exception");
  return std::make_shared<const detail::GroupFields>(
      detail::GroupFields{std::move(message), std::move(exceptions)});
}

bool any_base(const Exceptions& exceptions) {
  return std::any_of(exceptions.begin(), exceptions.end(), detail::is<BaseException>);
}

// Calls `act` with the message and the members of the group that it is, if it is one.
template <class Act>
bool when_group(const std::exception_ptr& exception, Act act) {
  try {
    std::rethrow_exception(exception);
  } catch (const ExceptionGroup& group) {
    act(group.message(), group.exceptions());
  } catch (const BaseExceptionGroup& group) {
    act(group.message(), group.exceptions());
  } catch (...) {
    return false;
  }
  return true;
}

void append_group(Exceptions& to, const std::string& message, Exceptions members) {
  if (!members.empty()) to.push_back(detail::group_of(message, std::move(members)));
}

}  // namespace

detail::GroupParts detail::divided(const Exceptions& exceptions, IsWanted wanted) {
  GroupParts parts;
  const auto divide = [&](const std::string& message, const Exceptions& members) {
    GroupParts inner = divided(members, wanted);
    append_group(parts.wanted, message, std::move(inner.wanted));
    append_group(parts.rest, message, std::move(inner.rest));
  };
  for (const std::exception_ptr& exception : exceptions) {
    if (wanted(exception))
      parts.wanted.push_back(exception);
    else if (!when_group(exception, divide))
      parts.rest.push_back(exception);
  }
  return parts;
}

std::exception_ptr detail::group_of(std::string message, Exceptions exceptions) {
  if (any_base(exceptions))
    return std::make_exception_ptr(BaseExceptionGroup(std::move(message), std::move(exceptions)));
  return std::make_exception_ptr(ExceptionGroup(std::move(message), std::move(exceptions)));
}

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : std::runtime_error(text_of(message, exceptions)),
      fields_(fields_of(std::move(message), std::move(exceptions))) {
  if (any_base(fields_->exceptions))
    throw TypeError("Cannot nest BaseExceptions in an ExceptionGroup");
}
const std::string& ExceptionGroup::message() const noexcept { return fields_->message; }
const std::vector<std::exception_ptr>& ExceptionGroup::exceptions() const noexcept {
  return fields_->exceptions;
}

BaseExceptionGroup::BaseExceptionGroup(std::string message,
                                       std::vector<std::exception_ptr> exceptions)
    : BaseException(text_of(message, exceptions)),
      fields_(fields_of(std::move(message), std::move(exceptions))) {}
const std::string& BaseExceptionGroup::message() const noexcept { return fields_->message; }
const std::vector<std::exception_ptr>& BaseExceptionGroup::exceptions() const noexcept {
  return fields_->exceptions;
}

}  // namespace tandem::inline v1
