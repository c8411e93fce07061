// A list of objects that know that they stand in it, and leave it by themselves.
// Threads  that of the loop only.
#pragma once
#include <utility>

namespace tandem::inline v1::asyncio::detail {

class Member;

// When it goes, they are in no list any more.
class Members {
 public:
  Members() = default;
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;
  ~Members();

  // The newest; null: there is none.
  Member* first() const noexcept { return first_; }

 private:
  friend class Member;
  Member* first_ = nullptr;
};

// To be a base or a member of what stands in the list.
class Member {
 public:
  Member() = default;
  explicit Member(Members& all) noexcept { join(&all); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { leave(); }

  bool is_in() const noexcept { return all_ != nullptr; }
  // Null: none.
  void join(Members* all) noexcept {
    all_ = all;
    if (!all) return;
    previous_ = nullptr;
    next_ = std::exchange(all->first_, this);
    if (next_) next_->previous_ = this;
  }
  // Returns what it has left; null: it was in none.
  Members* leave() noexcept {
    if (!all_) return nullptr;
    (previous_ ? previous_->next_ : all_->first_) = next_;
    if (next_) next_->previous_ = previous_;
    return std::exchange(all_, nullptr);
  }

 private:
  Members* all_ = nullptr;  // null: it is in none, or that is gone
  Member *next_ = nullptr, *previous_ = nullptr;
};

inline Members::~Members() {
  while (first_) first_->leave();
}

}  // namespace tandem::inline v1::asyncio::detail
