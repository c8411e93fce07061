#include "conformance/harness/transcript.hpp"

#include <cxxabi.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <typeinfo>

#include "tandem/core/exceptions.hpp"

namespace tandem::conformance::detail {
namespace {

std::mutex transcript_mutex;
Transcript transcript;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// "tandem::v1::queue::Box<int>::Full" -> "Full": the part after the last :: that is in no brackets.
std::string without_scope(std::string_view name) {
  std::size_t start = 0;
  std::size_t end = name.size();
  int depth = 0;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '<' || name[at] == '(') {
      if (depth++ == 0) end = at;
    } else if (name[at] == '>' || name[at] == ')') {
      --depth;
    } else if (depth == 0 && name.substr(at, 2) == "::") {
      start = at + 2;
      end = name.size();
    }
  }
  return std::string(name.substr(start, end - start));
}

// What std::throw_with_nested() has thrown is of a class over that of the exception.
std::string_view without_nesting(std::string_view name) {
  for (const std::string_view before : {"std::_Nested_exception<", "std::__nested<"})
    if (name.starts_with(before) && name.ends_with(">"))
      return name.substr(before.size(), name.size() - before.size() - 1);
  return name;
}

std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return without_scope(status == 0 ? without_nesting(name.get()) : type.name());
}

// As repr(float) does it: the shortest digits that read back, an exponent from 1e16 and below 1e-4.
std::string with_point(const std::string& digits, int exponent) {
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    const std::string fraction = count > 1 ? "." + digits.substr(1) : "";
    const std::string magnitude = std::to_string(std::abs(exponent));
    return digits.substr(0, 1) + fraction + "e" + (exponent < 0 ? "-" : "+") +
           (magnitude.size() < 2 ? "0" : "") + magnitude;
  }
  if (exponent < 0)
    return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) {
    return digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0') + ".0";
  }
  const auto whole = static_cast<std::size_t>(exponent + 1);
  return digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string escaped(char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("\\x") + hex[byte >> 4U] + hex[byte & 15U];
}

}  // namespace

std::string repr_of_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                    std::chars_format::scientific);
  const std::string text(buffer.data(), result.ptr);
  const auto e = text.find('e');
  std::string digits = text.substr(0, 1) + (e > 2 ? text.substr(2, e - 2) : "");
  return (std::signbit(value) ? "-" : "") + with_point(digits, std::atoi(text.c_str() + e + 1));
}

std::string repr_of_text(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string printed(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      printed += std::string("\\") + c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      printed += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (static_cast<unsigned char>(c) < 32 || c == 127) {
      printed += escaped(c);
    } else {
      printed += c;
    }
  }
  return printed + quote;
}

std::string without_addresses(std::string line) {
  std::string result;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool address =
        at + 2 < line.size() && line[at] == '0' && line[at + 1] == 'x' && is_hex(line[at + 2]);
    if (!address) {
      result += line[at];
      continue;
    }
    result += "0x...";
    ++at;
    while (at + 1 < line.size() && is_hex(line[at + 1])) ++at;
  }
  return result;
}

std::string describe_current_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    const std::string text = error.what();
    return name_of(typeid(error)) + (text.empty() ? "" : ": " + text);
  } catch (const BaseException& error) {
    const std::string text = error.what();
    return name_of(typeid(error)) + (text.empty() ? "" : ": " + text);
  } catch (...) {
    return name_of(*abi::__cxa_current_exception_type());
  }
}

void append_line(std::string line) {
  const std::lock_guard lock(transcript_mutex);
  transcript.push_back(std::move(line));
}

void clear_transcript() {
  const std::lock_guard lock(transcript_mutex);
  transcript.clear();
}

Transcript current_transcript() {
  const std::lock_guard lock(transcript_mutex);
  return transcript;
}

}  // namespace tandem::conformance::detail
