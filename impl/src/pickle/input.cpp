#include "tandem/pickle/input.hpp"

#include <cstdio>
#include <utility>

#include "platform/handle.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/pickle/exceptions.hpp"

namespace tandem::inline v1::pickle {

struct detail::KnownObjects {
  struct Entry {
    std::shared_ptr<void> object;  // null until it is made
    std::uint64_t type = 0;
    void (*empty)(void* object) = nullptr;
  };
  std::vector<Entry> entries;
};

struct Input::Extras {
  std::vector<platform::Handle> handles;
};

Input::Input(std::span<const std::byte> bytes) noexcept
    : next_(bytes.data()), limit_(bytes.data() + bytes.size()) {}
Input::Input(std::string_view bytes) noexcept
    : Input(std::as_bytes(std::span(bytes.data(), bytes.size()))) {}
Input::Input(std::span<const std::byte> bytes, std::vector<platform::Handle> handles)
    : Input(bytes) {
  if (!handles.empty()) extras_ = std::make_unique<Extras>(Extras{std::move(handles)});
}
Input::~Input() = default;

std::size_t Input::read_large_size() {
  const auto size = read_value<std::uint64_t>();
  if (size < 255) invalid(255);  // there is one way to say it
  if (!std::in_range<std::size_t>(size)) truncated();
  return static_cast<std::size_t>(size);
}

platform::Handle Input::take(std::uint32_t index) {
  if (!extras_ || index >= extras_->handles.size() || !extras_->handles[index])
    throw UnpicklingError("no open file number " + std::to_string(index) + " came with the pickle");
  return std::move(extras_->handles[index]);
}

void Input::truncated() { throw UnpicklingError("pickle data was truncated"); }

void Input::invalid(unsigned char key) {
  const char character = static_cast<char>(key);
  const std::string text = tandem::detail::bytes_repr({&character, 1});
  throw UnpicklingError("invalid load key, " + text.substr(1) + ".");
}

void Input::Nested::too_deep(Input& input) {
  --input.depth_;  // no destructor will
  throw UnpicklingError("maximum recursion depth exceeded while unpickling an object");
}

Input::Message::Message(Input& input) : input_(input), outer_(std::move(input.known_)) {}
Input::Message::~Message() { input_.known_ = std::move(outer_); }

const std::shared_ptr<void>& Input::read_known(std::uint64_t type) {
  const auto number = read_value<std::uint32_t>();
  if (!known_ || number >= known_->entries.size() || !known_->entries[number].object ||
      known_->entries[number].type != type)
    throw UnpicklingError("Memo value not found at index " + std::to_string(number));
  return known_->entries[number].object;
}

std::size_t Input::expect_known() {
  if (!known_) known_ = std::make_unique<detail::KnownObjects>();
  known_->entries.emplace_back();
  return known_->entries.size() - 1;
}

void Input::know(std::size_t number, std::shared_ptr<void> object, std::uint64_t type,
                 void (*empty)(void* object)) {
  known_->entries[number] = {std::move(object), type, empty};
}

void Input::forget() noexcept {
  if (!known_) return;
  for (const auto& entry : known_->entries)
    if (entry.empty) entry.empty(entry.object.get());
  known_.reset();
}

}  // namespace tandem::inline v1::pickle
