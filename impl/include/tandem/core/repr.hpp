// What Python's repr() makes of things: types, exceptions, strings, numbers.
#pragma once
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
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

// 'text', with Python's choice of quotes and its escapes. The text is UTF-8; a byte that is none is
// what Python's surrogateescape makes of it: '\udcff'.
TANDEM_API std::string string_repr(std::string_view text);
// b'bytes'.
TANDEM_API std::string bytes_repr(std::string_view bytes);
// The shortest text that is this number again: "0.05", "1.0", "1e-05", "inf".
TANDEM_API std::string float_repr(double number);
// The character of a UTF-8 text at this place, counted in characters; 0 beyond the end.
char32_t code_point_at(std::string_view text, std::size_t position) noexcept;

}  // namespace tandem::inline v1::detail
