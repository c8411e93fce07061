// What is open no longer than its loop: transports, servers and children.
#pragma once
#include "tandem/asyncio/detail/members.hpp"

namespace tandem::inline v1::asyncio::detail {

// Something that knows objects of the program, which may know it in turn. When nobody else has them
// any more CPython's collector finds them; here the loop parts them when it is closed. It leaves
// when it knows nobody any more, and before it goes.
// Threads  as the loop, until it has left.
class Resource : private Member {
 protected:
  explicit Resource(Members& all) noexcept : Member(all) {}
  ~Resource() = default;
  using Member::leave;

 private:
  friend class Resources;
  // Of all that it knows; perhaps that destroys it.
  virtual void let_go() noexcept = 0;
};

// Those of a loop.
class Resources : public Members {
 public:
  void let_go() noexcept {
    while (Member* const each = first()) {
      each->leave();
      static_cast<Resource*>(each)->let_go();
    }
  }
};

}  // namespace tandem::inline v1::asyncio::detail
