#include "tandem/pickle/output.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "platform/handle.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/pickle/exceptions.hpp"

namespace tandem::inline v1::pickle {

namespace {

// Below, copying is cheaper than one more piece to be sent.
constexpr std::size_t least_borrowed = 16 * 1024;

}  // namespace

// Python's memo: it keeps its objects, so that no other gets the address of one of them.
struct detail::SharedObjects {
  struct Entry {
    std::shared_ptr<const void> object;
    std::uint64_t type;
    std::uint32_t number;
    bool is_complete;
  };
  std::unordered_map<const void*, Entry> entries;
};

struct Output::Extras {
  struct Borrowed {
    std::size_t at;  // in the own bytes
    const std::byte* bytes;
    std::size_t size;
  };
  std::vector<Borrowed> borrowed;
  std::vector<platform::Handle> handles;
};

Output::Output(Sharing sharing) noexcept
    : begin_(inline_), end_(inline_), limit_(inline_ + inline_size), sharing_(sharing) {}

Output::~Output() {
  if (begin_ != inline_) std::free(begin_);
}

Output::Extras& Output::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

void Output::grow(std::size_t size) {
  const auto used = static_cast<std::size_t>(end_ - begin_);
  const auto had = static_cast<std::size_t>(limit_ - begin_);
  const std::size_t capacity = std::max(2 * had, used + size);
  const bool is_own = begin_ != inline_;
  auto* const memory = static_cast<std::byte*>(std::realloc(is_own ? begin_ : nullptr, capacity));
  if (!memory) throw std::bad_alloc();
  if (!is_own) std::memcpy(memory, inline_, used);
  begin_ = memory;
  end_ = memory + used;
  limit_ = memory + capacity;
}

void Output::write_large_size(std::size_t size) {
  write_value<unsigned char>(255);
  write_value<std::uint64_t>(size);
}

void Output::borrows(bool borrows) noexcept {
  borrowed_from_ = borrows ? least_borrowed : SIZE_MAX;
}

void Output::borrow(const void* bytes, std::size_t size) {
  extras().borrowed.push_back(
      {static_cast<std::size_t>(end_ - begin_), static_cast<const std::byte*>(bytes), size});
  borrowed_ += size;
}

std::vector<std::span<const std::byte>> Output::pieces() const {
  std::vector<std::span<const std::byte>> pieces;
  const std::byte* own = begin_;
  const auto own_until = [&](const std::byte* end) {
    if (own != end) pieces.emplace_back(own, end);
    own = end;
  };
  if (extras_) {
    for (const auto& borrowed : extras_->borrowed) {
      own_until(begin_ + borrowed.at);
      pieces.emplace_back(borrowed.bytes, borrowed.size);
    }
  }
  own_until(end_);
  return pieces;
}

std::span<const std::byte> Output::bytes() {
  if (borrowed_ != 0) {
    Output whole;
    whole.grow(size());
    for (const auto piece : pieces()) whole.write(piece.data(), piece.size());
    if (begin_ != inline_) std::free(begin_);
    begin_ = std::exchange(whole.begin_, whole.inline_);
    end_ = whole.end_;
    limit_ = whole.limit_;
    extras_->borrowed.clear();
    borrowed_ = 0;
  }
  return {begin_, end_};
}

std::string Output::text() const {
  std::string text;
  text.reserve(size());
  for (const auto piece : pieces())
    text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  return text;
}

std::uint32_t Output::attach(int descriptor) {
  auto& handles = extras().handles;
  platform::Handle duplicate;
  if (const int error = platform::duplicate_handle(descriptor, duplicate))
    tandem::detail::throw_os_error(error);
  handles.push_back(std::move(duplicate));
  return static_cast<std::uint32_t>(handles.size() - 1);
}

std::vector<int> Output::descriptors() const {
  std::vector<int> descriptors;
  if (extras_)
    for (const auto& handle : extras_->handles) descriptors.push_back(handle.get());
  return descriptors;
}

Output::Mark Output::mark() const noexcept {
  return {static_cast<std::size_t>(end_ - begin_), borrowed_,
          extras_ ? extras_->borrowed.size() : 0, extras_ ? extras_->handles.size() : 0};
}

void Output::rewind(const Mark& mark) noexcept {
  end_ = begin_ + mark.size;
  borrowed_ = mark.borrowed;
  if (!extras_) return;
  extras_->borrowed.erase(extras_->borrowed.begin() + static_cast<std::ptrdiff_t>(mark.pieces),
                          extras_->borrowed.end());
  extras_->handles.erase(extras_->handles.begin() + static_cast<std::ptrdiff_t>(mark.descriptors),
                         extras_->handles.end());
}

void Output::clear() noexcept {
  rewind({});
  shared_.reset();
}

void Output::Nested::too_deep(Output& output) {
  --output.depth_;  // no destructor will
  throw RecursionError("maximum recursion depth exceeded while pickling an object");
}

Output::Message::Message(Output& output) : output_(output), outer_(std::move(output.shared_)) {}
Output::Message::~Message() { output_.shared_ = std::move(outer_); }

bool Output::write_shared(const std::shared_ptr<const void>& object, std::uint64_t type,
                          bool may_return) {
  if (!shared_) shared_ = std::make_unique<detail::SharedObjects>();
  auto& entries = shared_->entries;
  const auto number = static_cast<std::uint32_t>(entries.size());
  const auto [at, is_new] =
      entries.try_emplace(object.get(), detail::SharedObjects::Entry{object, type, number, false});
  if (is_new) {
    write_value('\1');
    return true;
  }
  const auto& entry = at->second;
  if (entry.type != type)
    throw PicklingError("cannot pickle pointers of different types that share an object");
  if (!entry.is_complete && !may_return)
    throw PicklingError(
        "cannot pickle an object that contains itself, unless it is made before "
        "what is in it");
  write_value('\2');
  write_value(entry.number);
  return false;
}

void Output::shared_is_complete(const void* object) noexcept {
  shared_->entries.find(object)->second.is_complete = true;
}

}  // namespace tandem::inline v1::pickle
