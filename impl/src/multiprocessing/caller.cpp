#include "tandem/multiprocessing/detail/caller.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tandem/core/exceptions.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::multiprocessing::detail {

namespace {

constinit thread_local Caller* current_caller = nullptr;
[[maybe_unused]] const bool caller_of_each_thread = seam::thread_word(current_caller);

}  // namespace

Caller::Caller() noexcept { current_caller = this; }
Caller::~Caller() { current_caller = nullptr; }

Caller* Caller::current() noexcept { return current_caller; }

void Caller::give_back_by(std::function<void()> act) {
  if (current_caller) current_caller->give_back_ = std::move(act);
}

void Caller::hold(const std::shared_ptr<void>& what, GiveBack give_back) {
  if (!current_caller) return;
  auto& held = current_caller->held_;
  try {
    std::erase_if(held, [](const Held& each) { return each.what.expired(); });
    held.push_back({what, give_back});
  } catch (...) {
    give_back(what.get());
    throw;
  }
}
void Caller::let_go(const std::shared_ptr<void>& what) noexcept {
  if (!current_caller) return;
  auto& held = current_caller->held_;
  const auto last = std::find_if(held.rbegin(), held.rend(),
                                 [&](const Held& each) { return each.what.lock() == what; });
  if (last != held.rend()) held.erase(std::next(last).base());
}

void Caller::check() const {
  if (is_gone()) throw BrokenPipeError("the client is gone");
}

void Caller::give_back() noexcept {
  const auto attempt = [](const auto& act) {
    try {
      act();
    } catch (...) {  // nobody is there to be told
    }
  };
  if (const auto act = std::exchange(give_back_, nullptr)) attempt(act);
  for (; !held_.empty(); held_.pop_back())
    if (const auto what = held_.back().what.lock())
      attempt([&] { held_.back().give_back(what.get()); });
}

}  // namespace tandem::inline v1::multiprocessing::detail
