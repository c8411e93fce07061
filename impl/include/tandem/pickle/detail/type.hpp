// How processes tell each other of which type a message is.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>

#include "tandem/core/export.hpp"
#include "tandem/pickle/input.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::pickle::detail {

inline std::uint64_t hash_of(std::string_view text) noexcept {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char character : text)
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  return hash;
}
// Of the name that the linker knows: what a compiler calls a type in words may depend on what else
// a file declares (clang leaves out an inline namespace where that is clear).
template <class T>
std::uint64_t hash_of_type() noexcept {
  // No guarded static: fork() may come in between.
  static constinit seam::atomic<std::uint64_t> known{0};  // 0: not yet
  // relaxed: whoever finds it out finds out the same.
  std::uint64_t hash = known.load(std::memory_order_relaxed);
  if (hash != 0) [[likely]]
    return hash;
  hash = hash_of(typeid(std::type_identity<T>).name());
  known.store(hash, std::memory_order_relaxed);  // relaxed: as above
  return hash;
}

TANDEM_API std::string name_of_type(const std::type_info& type);

// A type that is sent or received somewhere in this process: registered before main, whether that
// place is reached or not. So an error can name what came in its stead.
class TANDEM_API KnownType {
 public:
  KnownType(std::uint64_t type_hash, const std::type_info& type_info) noexcept;
  const std::uint64_t hash;
  const std::type_info& type;
  const KnownType* next;
};
template <class T>
struct Known {
  static inline const KnownType node{hash_of_type<T>(), typeid(T)};
};
template <class T>
const KnownType& known_type() noexcept {
  return Known<std::remove_cv_t<T>>::node;
}

// Reads a hash.
TANDEM_API void expect_type(Input& input, const KnownType& type);

}  // namespace tandem::inline v1::pickle::detail
