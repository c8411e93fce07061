// Names as Python prints them: of types, of exceptions.
#pragma once
#include <exception>
#include <string>
#include <type_traits>
#include <typeinfo>

#include "tandem/core/export.hpp"

namespace tandem::inline v1::detail {

// The demangled name; tandem's own types by their last part, as Python prints a class.
TANDEM_API std::string type_name(const std::type_info& type);

// Python's name for a type that it has (int, float, str, bool, NoneType), else the C++ one.
template <class T>
std::string type_name() {
  if constexpr (std::is_void_v<T>)
    return "NoneType";
  else if constexpr (std::is_same_v<T, bool>)
    return "bool";
  else if constexpr (std::is_integral_v<T>)
    return "int";
  else if constexpr (std::is_floating_point_v<T>)
    return "float";
  else if constexpr (std::is_same_v<T, std::string>)
    return "str";
  else
    return type_name(typeid(T));
}

// "ValueError", "std::logic_error", "int" (for throw 42).
TANDEM_API std::string exception_name(std::exception_ptr exception);
// "ValueError: text", or the name alone when there is no text. The last line of a traceback.
TANDEM_API std::string exception_text(std::exception_ptr exception);
// "0x7f12…": an address as Python's repr has it.
TANDEM_API std::string address_text(const void* address);

}  // namespace tandem::inline v1::detail
