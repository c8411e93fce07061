// Exceptions that cross from one process to another.
//
// An exception comes back as what was thrown: the standard ones, those of tandem, and those that
// are registered (TANDEM_REGISTER_EXCEPTION). What was thrown in the other process has a
// RemoteTraceback nested in it, as Python's __cause__: std::rethrow_if_nested() throws it. All
// others come back as a RemoteError.
#pragma once
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tandem/core/export.hpp"
#include "tandem/pickle/dumps.hpp"

namespace tandem::inline v1::pickle {

// What the other process would have printed: what() is Python's
//   "\n\"\"\"\nTraceback (most recent call last):\nValueError: text\n\"\"\""
// Spec  pickle.exception.traceback
class TANDEM_API RemoteTraceback : public std::runtime_error {
 public:
  // tb  the text between the quotes
  explicit RemoteTraceback(const std::string& tb);
};

// An exception that is not registered here.
//   what()  is "TypeName: its text"
// Spec  pickle.exception.unregistered
class TANDEM_API RemoteError : public std::runtime_error {
 public:
  RemoteError(const std::string& type_name, const std::string& message);
  const std::string& type_name() const noexcept { return text_->first; }
  const std::string& message() const noexcept { return text_->second; }

 private:
  std::shared_ptr<const std::pair<std::string, std::string>> text_;
};

// Appends an exception that was thrown here, with its traceback. What cannot be pickled goes as
// what arrives as a RemoteError.
//   exception  not null
// Spec  pickle.exception
TANDEM_API void encode_exception(const std::exception_ptr& exception, Output& output);
// What encode_exception() of another process has written. An exception of that type is made here;
// if its contents turn out not to be its own, a RemoteError. Throws UnpicklingError: it is nothing
// of that kind.
TANDEM_API std::exception_ptr decode_exception(Input& input);

// The text of a traceback: "Traceback (most recent call last):\nValueError: text\n", after those of
// the exceptions that are nested in it.
TANDEM_API std::string format_exception(const std::exception_ptr& exception);

namespace detail {

// How exceptions of one type cross. Registered before main, for ever.
class TANDEM_API ExceptionCodec {
 public:
  using Dump = void (*)(Output& output);  // within a handler: of the exception being handled
  // Throws UnpicklingError: it is no such exception.
  using Load = std::exception_ptr (*)(Input& input, const std::string* traceback);
  ExceptionCodec(const std::type_info& exception_type, Dump exception_dump,
                 Load exception_load) noexcept;
  ExceptionCodec(const ExceptionCodec&) = delete;
  ExceptionCodec& operator=(const ExceptionCodec&) = delete;

  const std::type_info& type;
  const Dump dump;
  const Load load;
  const ExceptionCodec* next;
};

// The exception, with the traceback nested in it.
template <class T>
std::exception_ptr make_remote(T exception, const std::string* traceback) {
  if constexpr (!std::is_final_v<T>) {
    if (traceback) {
      try {
        throw RemoteTraceback(*traceback);
      } catch (const RemoteTraceback&) {
        try {
          std::throw_with_nested(std::move(exception));
        } catch (...) {
          return std::current_exception();
        }
      }
    }
  }
  return std::make_exception_ptr(std::move(exception));
}

template <class T>
void dump_thrown(Output& output) {
  try {
    throw;
  } catch (const T& exception) {
    if constexpr (Portable<T>)
      dump<T>(output, exception);
    else
      dump<std::string>(output, exception.what());
  }
}
template <class T>
std::exception_ptr load_thrown(Input& input, const std::string* traceback) {
  if constexpr (Portable<T>)
    return make_remote<T>(pickle::load<T>(input), traceback);
  else
    return make_remote<T>(T(pickle::load<std::string>(input)), traceback);
}
template <class T>
ExceptionCodec exception_codec() {
  constexpr bool crosses = Portable<T> || (std::constructible_from<T, std::string> &&
                                           requires(const T& exception) { exception.what(); });
  static_assert(crosses,
                "tandem: an exception crosses by its what() and a constructor from std::string; "
                "else it has to say how it is pickled (see pickle/reduce.hpp)");
  if constexpr (crosses)
    return ExceptionCodec(typeid(T), &dump_thrown<T>, &load_thrown<T>);
  else
    return ExceptionCodec(typeid(T), nullptr, nullptr);
}

}  // namespace detail
}  // namespace tandem::inline v1::pickle

// At namespace scope: exceptions of exactly this type come back as themselves, by their what() and
// the constructor from std::string, or as pickle/reduce.hpp says for classes. Spec
// pickle.exception.custom
#define TANDEM_REGISTER_EXCEPTION(...)                                                       \
  [[maybe_unused]] static const ::tandem::pickle::detail::ExceptionCodec TANDEM_PICKLE_JOIN( \
      tandem_exception_codec_, __COUNTER__) =                                                \
      ::tandem::pickle::detail::exception_codec<__VA_ARGS__>()
#define TANDEM_PICKLE_JOIN(a, b) TANDEM_PICKLE_JOIN_(a, b)
#define TANDEM_PICKLE_JOIN_(a, b) a##b
