#include "tandem/asyncio/event.hpp"

#include <ostream>

namespace tandem::inline v1::asyncio {

void Event::set() {
  if (value_) return;
  value_ = true;
  waiters_.wake_all();
}

std::string to_string(const Event& event) {
  return detail::lock_repr("Event", &event, event.value_ ? "set" : "unset", event.waiters_);
}
std::ostream& operator<<(std::ostream& out, const Event& event) { return out << to_string(event); }

}  // namespace tandem::inline v1::asyncio
