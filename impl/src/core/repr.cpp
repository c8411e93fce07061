#include "tandem/core/repr.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::detail {

namespace {

// The type as programs name it: not by the namespace in which a standard library versions its own.
std::string without_versions(std::string name) {
  for (const std::string_view versioned : {"std::__1::", "std::__cxx11::"}) {
    constexpr std::size_t kept = 5;  // std::
    for (auto at = name.find(versioned); at != name.npos; at = name.find(versioned, at + kept))
      name.erase(at + kept, versioned.size() - kept);
  }
  return name;
}

// The type that was thrown by std::throw_with_nested() as what the program called it.
std::string without_nesting(std::string name) {
  const auto begin = name.find('<');
  if (!name.starts_with("std::") || !name.ends_with('>') ||
      !(name.substr(0, begin).ends_with("__nested") ||
        name.substr(0, begin).ends_with("_Nested_exception")))
    return name;
  name = name.substr(begin + 1, name.size() - begin - 2);
  return name.substr(0, name.find_last_not_of(' ') + 1);
}

}  // namespace

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  std::string name = without_nesting(without_versions(status == 0 ? demangled.get() : type.name()));
  if (name.starts_with("tandem::") && name.find('<') == std::string::npos)
    name.erase(0, name.rfind(':') + 1);
  return name;
}

namespace {

struct Described {
  std::string name, text;
};

Described describe(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return {type_name(typeid(error)), error.what()};
  } catch (const BaseException& error) {
    return {type_name(typeid(error)), error.what()};
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return {type ? type_name(*type) : "unknown exception", ""};
  }
}

}  // namespace

std::string exception_name(std::exception_ptr exception) { return describe(exception).name; }

std::string exception_text(std::exception_ptr exception) {
  Described described = describe(exception);
  if (described.text.empty()) return described.name;
  return described.name + ": " + described.text;
}

std::string address_text(const void* address) {
  char text[2 + 2 * sizeof address + 1];
  std::snprintf(text, sizeof text, "0x%llx",
                static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(address)));
  return text;
}

namespace {

struct Character {
  char32_t point;
  std::size_t size;  // in bytes
};

constexpr char32_t escaped_byte = 0xdc00;  // surrogateescape: plus the byte that is no text

// The first character of a text that is not empty.
Character first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const Character wrong{escaped_byte + first, 1};
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return wrong;
  char32_t point = first & (0x7fU >> size);
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return wrong;
    point = point << 6 | (byte(at) & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < least[size] || surrogate || point > 0x10ffff ? wrong : Character{point, size};
}

// What str.isprintable() denies beyond ASCII, but for code points that no version of Unicode has
// given a meaning: they differ between Pythons.
constexpr std::array<std::array<char32_t, 2>, 27> unprintable{
    {{0x80, 0xa0},       {0xad, 0xad},       {0x600, 0x605},      {0x61c, 0x61c},
     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},      {0x8e2, 0x8e2},
     {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},    {0x2028, 0x202f},
     {0x205f, 0x2064},   {0x2066, 0x206f},   {0x3000, 0x3000},    {0xd800, 0xf8ff},
     {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd},  {0x110cd, 0x110cd},
     {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},  {0xe0001, 0xe0001},
     {0xe0020, 0xe007f}, {0xf0000, 0xffffd}, {0x100000, 0x10fffd}}};

bool is_printable(char32_t point) noexcept {
  if (point < 0x7f) return point >= ' ';
  return point != 0x7f && std::ranges::none_of(unprintable, [=](const auto& range) {
           return point >= range[0] && point <= range[1];
         });
}

void append_escape(std::string& out, char32_t point) {
  const char* format = point <= 0xff ? "\\x%02x" : point <= 0xffff ? "\\u%04x" : "\\U%08x";
  char text[16];
  std::snprintf(text, sizeof text, format, static_cast<unsigned>(point));
  out += text;
}

// What bytes and strings have in common. Returns whether it was one of those.
bool append_common(std::string& out, char32_t point, char quote) {
  switch (point) {
    case '\\':
      out += "\\\\";
      return true;
    case '\n':
      out += "\\n";
      return true;
    case '\r':
      out += "\\r";
      return true;
    case '\t':
      out += "\\t";
      return true;
    default:
      if (point != static_cast<unsigned char>(quote)) return false;
      out += '\\';
      out += quote;
      return true;
  }
}

char quote_for(std::string_view text) noexcept {
  return text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
}

}  // namespace

std::string string_repr(std::string_view text) {
  const char quote = quote_for(text);
  std::string out(1, quote);
  while (!text.empty()) {
    const auto [point, size] = first_character(text);
    if (!append_common(out, point, quote)) {
      if (is_printable(point))
        out += text.substr(0, size);
      else
        append_escape(out, point);
    }
    text.remove_prefix(size);
  }
  return out += quote;
}

std::string bytes_repr(std::string_view bytes) {
  const char quote = quote_for(bytes);
  std::string out{'b', quote};
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    if (append_common(out, byte, quote)) continue;
    if (byte >= ' ' && byte < 0x7f)
      out += each;
    else
      append_escape(out, byte);
  }
  return out += quote;
}

char32_t code_point_at(std::string_view text, std::size_t position) noexcept {
  while (!text.empty()) {
    const auto [point, size] = first_character(text);
    if (position-- == 0) return point;
    text.remove_prefix(size);
  }
  return 0;
}

std::string float_repr(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  std::array<char, 32> buffer;
  const auto text_of = [&](std::chars_format format) {
    return std::string(
        buffer.data(),
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr);
  };
  const double size = std::abs(number);
  if (size != 0 && (size < 1e-4 || size >= 1e16)) return text_of(std::chars_format::scientific);
  std::string text = text_of(std::chars_format::fixed);
  return text.find('.') == text.npos ? text + ".0" : text;
}

}  // namespace tandem::inline v1::detail
