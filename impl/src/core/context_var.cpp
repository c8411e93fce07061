#include "tandem/core/context_var.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "tandem/core/block_pool.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1 {

namespace detail {

namespace {

struct Entry {
  std::uint64_t id;
  ContextValueHandle value;
};
// In the order of the variables' numbers, and never changed: contexts share them.
using Entries = std::vector<Entry>;

}  // namespace

class ContextState {
 public:
  static ContextState* make(std::shared_ptr<const Entries> entries = {}) {
    return ::new (allocate_block(sizeof(ContextState))) ContextState(std::move(entries));
  }

  void hold() noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: made from another
  }
  void drop() noexcept {
    // acq_rel pairs with itself: whoever comes last sees the ends of all other uses.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    this->~ContextState();
    free_block(this, sizeof(ContextState));
  }
  // A copy; null: it is empty.
  ContextState* copy() const { return entries_ ? make(entries_) : nullptr; }

  const ContextValueHandle* find(std::uint64_t id) const noexcept {
    if (!entries_) return nullptr;
    const auto at = place_of(*entries_, id);
    return at != entries_->end() && at->id == id ? &at->value : nullptr;
  }
  void set(std::uint64_t id, ContextValueHandle value) {
    auto changed = entries_ ? std::make_shared<Entries>(*entries_) : std::make_shared<Entries>();
    const auto at = changed->begin() + (place_of(*changed, id) - changed->cbegin());
    const bool is_there = at != changed->end() && at->id == id;
    if (is_there && value)
      at->value = std::move(value);
    else if (is_there)
      changed->erase(at);
    else if (value)
      changed->insert(at, {id, std::move(value)});
    entries_ = changed->empty() ? nullptr : std::move(changed);
  }
  std::size_t size() const noexcept { return entries_ ? entries_->size() : 0; }

  void enter() {
    // acquire pairs with the release in leave(): what was set by another thread is here.
    if (entered_.exchange(true, std::memory_order_acquire))
      throw RuntimeError("cannot enter context: <_contextvars.Context object at " +
                         address_text(this) + "> is already entered");
  }
  void leave() noexcept {
    entered_.store(false, std::memory_order_release);  // pairs with the acquire in enter()
  }

 private:
  explicit ContextState(std::shared_ptr<const Entries> entries) : entries_(std::move(entries)) {}
  static Entries::const_iterator place_of(const Entries& entries, std::uint64_t id) noexcept {
    return std::ranges::lower_bound(entries, id, {}, &Entry::id);
  }

  seam::atomic<std::uint32_t> references_{1};
  seam::atomic<bool> entered_{false};
  std::shared_ptr<const Entries> entries_;
};

constinit thread_local ContextPlace context_place;

namespace {

[[maybe_unused]] const bool context_of_each_thread = seam::thread_word(context_place);

// The context of a thread that runs in no other one. A word, as statics and older thread_locals may
// come to it when the thread's objects are gone.
constinit thread_local ContextState* own_context = nullptr;

// What is set after that is never dropped.
void drop_at_end_of_thread() {
  struct End {
    ~End() { const ContextHandle last(std::exchange(own_context, nullptr)); }
  };
  [[maybe_unused]] thread_local const End end;
}

seam::atomic<std::uint64_t> next_id{1};

}  // namespace

void hold_context(ContextState& context) noexcept { context.hold(); }
void drop_context(ContextState& context) noexcept { context.drop(); }
void enter_context(ContextState& context) { context.enter(); }
void leave_context(ContextState& context) noexcept { context.leave(); }

ContextState*& current_context() noexcept {
  return context_place.current ? *context_place.current : own_context;
}

ContextState* copy_current_context() {
  const ContextState* const current = current_context();
  return current ? current->copy() : nullptr;
}

ContextState& made_context(ContextState*& place) {
  if (!place) {
    place = ContextState::make();
    if (context_place.current == &place) place->enter();
    if (&place == &own_context) drop_at_end_of_thread();
  }
  return *place;
}

ContextScope::ContextScope(ContextState*& place) : place_(place), before_(context_place.current) {
  if (place_) place_->enter();
  context_place.current = &place_;
}

ContextScope::~ContextScope() {
  if (place_) place_->leave();
  context_place.current = before_;
}

ContextKey::ContextKey(std::string name)
    : name_(std::move(name)),
      id_(next_id.fetch_add(1, std::memory_order_relaxed)) {}  // relaxed: only to be different

std::string ContextKey::repr() const {
  return "<ContextVar name=" + string_repr(name_) + " at " + address_text(this) + ">";
}

ContextValueHandle ContextKey::find() const {
  const ContextState* const current = current_context();
  return current ? find_in(*current) : nullptr;
}

ContextValueHandle ContextKey::find_in(const ContextState& context) const {
  const ContextValueHandle* const value = context.find(id_);
  return value ? *value : nullptr;
}

void ContextKey::set(ContextValueHandle value) const {
  made_context(current_context()).set(id_, std::move(value));
}

TokenState::TokenState(const ContextKey& key) : id_(key.id()), old_value_(key.find()) {
  ContextState& current = made_context(current_context());
  current.hold();
  context_ = ContextHandle(&current);
}

void TokenState::reset(const ContextKey& key) {
  if (used_) throw RuntimeError("<Token> has already been used once");
  if (key.id() != id_) throw ValueError("<Token> was created by a different ContextVar");
  if (current_context() != context_.get())
    throw ValueError("<Token> was created in a different Context");
  used_ = true;
  key.set(old_value_);
}

}  // namespace detail

namespace contextvars {

using namespace v1::detail;

Context::Context() : handle_(ContextState::make()) {}

Context Context::copy() const {
  ContextState* const copied = handle_.get()->copy();
  return Context(ContextHandle(copied ? copied : ContextState::make()));
}

std::size_t Context::size() const noexcept { return handle_.get()->size(); }

Context copy_context() {
  ContextState* const copied = copy_current_context();
  return Context(ContextHandle(copied ? copied : ContextState::make()));
}

}  // namespace contextvars
}  // namespace tandem::inline v1
