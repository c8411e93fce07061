#include "tandem/core/repr.hpp"

#include <cxxabi.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::detail {

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? demangled.get() : type.name();
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

}  // namespace tandem::inline v1::detail
