// Several exceptions thrown as one: Python's ExceptionGroup and BaseExceptionGroup.
#pragma once
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1 {

class ExceptionGroup;

namespace detail {

using Exceptions = std::vector<std::exception_ptr>;
using IsWanted = bool (*)(const std::exception_ptr& exception);

template <class E>
bool is(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

struct GroupParts {
  Exceptions wanted, rest;
};
// Those within groups are divided as well, and stay in groups of the same message.
TANDEM_API GroupParts divided(const Exceptions& exceptions, IsWanted wanted);

template <class Group>
std::optional<Group> part_of(const Group& whole, Exceptions some) {
  if (some.empty()) return {};
  return Group(whole.message(), std::move(some));
}

template <class E, class Group>
std::pair<std::optional<Group>, std::optional<Group>> split(const Group& whole) {
  if constexpr (std::derived_from<Group, E>) return {whole, std::nullopt};
  GroupParts parts = divided(whole.exceptions(), &is<E>);
  return {part_of(whole, std::move(parts.wanted)), part_of(whole, std::move(parts.rest))};
}

// An ExceptionGroup, or a BaseExceptionGroup when there is a BaseException among them.
TANDEM_API std::exception_ptr group_of(std::string message, Exceptions exceptions);

struct GroupFields;

}  // namespace detail

// What was thrown by several at the same time, as one exception.
//   what()        Python's text: "unhandled errors (2 sub-exceptions)"
//   exceptions()  each may be a group itself
// Throws   (constructor) ValueError (none, or a null one), TypeError (a BaseException among them).
// Spec     asyncio.task-group.exception-group
class TANDEM_API ExceptionGroup : public std::runtime_error {
 public:
  ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);
  const std::string& message() const noexcept;
  const std::vector<std::exception_ptr>& exceptions() const noexcept;

  // Those that `catch (const E&)` would catch, in groups as they are; nothing when there are none.
  template <class E>
  std::optional<ExceptionGroup> subgroup() const {
    return split<E>().first;
  }
  // Those, and the others.
  template <class E>
  std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split() const {
    return detail::split<E>(*this);
  }

 private:
  std::shared_ptr<const detail::GroupFields> fields_;  // copying an exception must not throw
};

// The same with exceptions among them that are no std::exception: cancellations, interrupts.
class TANDEM_API BaseExceptionGroup : public BaseException {
 public:
  BaseExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);
  const std::string& message() const noexcept;
  const std::vector<std::exception_ptr>& exceptions() const noexcept;

  template <class E>
  std::optional<BaseExceptionGroup> subgroup() const {
    return split<E>().first;
  }
  template <class E>
  std::pair<std::optional<BaseExceptionGroup>, std::optional<BaseExceptionGroup>> split() const {
    return detail::split<E>(*this);
  }

 private:
  std::shared_ptr<const detail::GroupFields> fields_;
};

}  // namespace tandem::inline v1
