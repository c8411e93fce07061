#include "tandem/multiprocessing/detail/caller.hpp"

#include <utility>

#include "tandem/core/exceptions.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

constinit thread_local Caller* current_caller = nullptr;
[[maybe_unused]] const bool of_each_thread = seam::thread_word(current_caller);

}  // namespace

Caller::Caller() noexcept { current_caller = this; }
Caller::~Caller() { current_caller = nullptr; }

Caller* Caller::current() noexcept { return current_caller; }

void Caller::give_back_by(std::function<void()> act) {
  if (current_caller) current_caller->give_back_ = std::move(act);
}

void Caller::check() const {
  if (is_gone()) throw BrokenPipeError("the client is gone");
}

void Caller::give_back() noexcept {
  try {
    if (const auto act = std::exchange(give_back_, nullptr)) act();
  } catch (...) {  // nobody is there to be told
  }
}

}  // namespace tandem::inline v1::multiprocessing::detail
