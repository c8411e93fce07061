#include "multiprocessing/transport.hpp"

#include <algorithm>
#include <cstring>

#include "tandem/core/exceptions.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {
constexpr std::uint64_t most_at_once = std::uint64_t{1} << 28;
}

bool Sink::begin(std::uint64_t length) {
  if (most_ && length > *most_) return false;
  in_place_ = length <= place_.size();
  if (!in_place_) {
    text_.clear();
    // A stream may say what it likes.
    text_.reserve(static_cast<std::size_t>(std::min(length, most_at_once)));
  }
  length_ = static_cast<std::size_t>(length);
  filled_ = 0;
  return true;
}

void Sink::append(Part bytes) {
  if (!in_place_) {
    text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } else if (!bytes.empty()) {
    std::memcpy(place_.data() + filled_, bytes.data(), bytes.size());
    filled_ += bytes.size();
  }
}

std::byte* Sink::extend(std::size_t size) {
  if (!in_place_) {
    text_.resize(text_.size() + size);
    return reinterpret_cast<std::byte*>(text_.data()) + text_.size() - size;
  }
  filled_ += size;
  return place_.data() + filled_ - size;
}

Part Sink::bytes() const noexcept {
  return in_place_ ? Part(place_.first(length_)) : std::as_bytes(std::span(text_));
}

void Transport::check_open() const {
  if (closed()) throw OSError("handle is closed");
}
void Transport::check_readable() const {
  check_open();
  if (!readable()) throw OSError("connection is write-only");
}
void Transport::check_writable() const {
  check_open();
  if (!writable()) throw OSError("connection is read-only");
}

void Transport::close() noexcept {
  // relaxed: see closed()
  if (!closed_.exchange(true, std::memory_order_relaxed)) do_close();
}

void Transport::refuse() {
  if (writable_)
    readable_.store(false, std::memory_order_relaxed);  // relaxed: see readable()
  else
    close();
  throw OSError("bad message length");
}

namespace {

class HandleWaiter final : public TransportWaiter {
 public:
  explicit HandleWaiter(int handle) noexcept : handle_(handle) {}
  Where where() const noexcept override { return {handle_}; }
  bool is_ready(bool woken) noexcept override { return woken; }

 private:
  const int handle_;
};

}  // namespace

std::unique_ptr<TransportWaiter> wait_at(int handle) {
  return std::make_unique<HandleWaiter>(handle);
}

}  // namespace tandem::inline v1::multiprocessing::detail
