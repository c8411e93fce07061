#include "tandem/pickle/dumps.hpp"

#include <cstdint>
#include <cstring>

#include "pickle/places.hpp"
#include "platform/modules.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::pickle {

namespace {

seam::atomic<const detail::KnownType*> known_types{nullptr};

}  // namespace

namespace detail {

KnownType::KnownType(std::uint64_t type_hash, const std::type_info& type_info) noexcept
    : hash(type_hash), type(type_info), next(known_types.load()) {
  while (!known_types.compare_exchange_weak(next, this)) {
  }
}

std::string name_of_type(const std::type_info& type) { return tandem::detail::type_name(type); }

void expect_type(Input& input, const KnownType& type) {
  if (input.left() == 0) throw EOFError("Ran out of input");
  const auto hash = input.read_value<std::uint64_t>();
  if (hash == type.hash) return;
  throw UnpicklingError("the pickle is of " + type_name_of(hash) + ", not of " +
                        name_of_type(type.type));
}

void cannot_pickle(const std::type_info& type, const char* why) {
  throw PicklingError("cannot pickle '" + name_of_type(type) + "' object: " + why);
}

// In the gap behind a small int there is often the upper half of an address; and its page may be
// mapped.
constexpr bool is_small_before_gap(std::uintptr_t word) noexcept {
  constexpr std::uint32_t small = std::uint32_t{1} << 16;
  return sizeof word > sizeof small && static_cast<std::uint32_t>(word) < small;
}

// Whatever was captured, an address is a word that lies as one. Those below four GiB are not looked
// at: any small number may be one, and a program at a random place has nothing there.
void write_closure(Output& output, const void* closure, std::size_t size,
                   const std::type_info& type, bool has_gaps) {
  constexpr std::uintptr_t least = std::uintptr_t{1} << (sizeof(void*) > 4 ? 32 : 16);
  const auto* const bytes = static_cast<const std::byte*>(closure);
  for (std::size_t at = 0; at + sizeof(void*) <= size; at += sizeof(void*)) {
    std::uintptr_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    if (has_gaps && is_small_before_gap(word)) continue;
    if (word >= least && platform::is_mapped(word))
      cannot_pickle(type, "it has captured a pointer, which means nothing in another process");
  }
  output.write(closure, size);
}

void write_function(Output& output, void (*function)()) {
  if (!function) return output.write_value('\0');
  output.write_value('\1');
  write_place(output, reinterpret_cast<std::uintptr_t>(function));
}

void (*read_function(Input& input))() {
  if (input.read_choice(1) == 0) return nullptr;
  return reinterpret_cast<void (*)()>(read_place(input, Part::CODE));
}

}  // namespace detail

std::string type_name_of(std::uint64_t hash) {
  for (const detail::KnownType* type = known_types.load(); type; type = type->next)
    if (type->hash == hash) return detail::name_of_type(type->type);
  return "an unknown type";
}

}  // namespace tandem::inline v1::pickle
