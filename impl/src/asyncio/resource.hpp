// What is open no longer than its loop: transports, servers and children.
#pragma once

namespace tandem::inline v1::asyncio::detail {

class Resources;

// Something that knows objects of the program, which may know it in turn. When nobody else has them
// any more CPython's collector finds them; here the loop parts them when it is closed.
// Threads  as the loop, until it has left.
class Resource {
 public:
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

 protected:
  explicit Resource(Resources& all) noexcept;
  ~Resource() { leave(); }
  // It will not be asked to let go: it knows nobody any more, or is about to go itself.
  void leave() noexcept;

 private:
  friend class Resources;
  // Of all that it knows; perhaps that destroys it.
  virtual void let_go() noexcept = 0;

  Resources* all_;  // null: it has left
  Resource *previous_ = nullptr, *next_;
};

// Those of a loop.
class Resources {
 public:
  void let_go() noexcept {
    while (Resource* const each = first_) {
      each->leave();
      each->let_go();
    }
  }

 private:
  friend class Resource;
  Resource* first_ = nullptr;
};

inline Resource::Resource(Resources& all) noexcept : all_(&all), next_(all.first_) {
  if (next_) next_->previous_ = this;
  all.first_ = this;
}

inline void Resource::leave() noexcept {
  if (!all_) return;
  (previous_ ? previous_->next_ : all_->first_) = next_;
  if (next_) next_->previous_ = previous_;
  all_ = nullptr;
}

}  // namespace tandem::inline v1::asyncio::detail
