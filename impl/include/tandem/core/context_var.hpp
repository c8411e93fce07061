// Python's contextvars: variables whose values belong to a context, not to a thread.
//
// A context is a map that is shared until it is written: to copy it is to count a reference, and
// where nothing was ever set there is nothing to be counted. asyncio runs each task in a context of
// its own, copied from that of whoever created it.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1 {

namespace detail {

// What a variable is set to. Shared by contexts, and never changed.
struct ContextValue {
  virtual ~ContextValue() = default;
};
using ContextValueHandle = std::shared_ptr<const ContextValue>;

class ContextState;

// Where a thread finds its current context: in a task's own place while that runs. What is there
// may be null: a context in which nothing was set yet, which comes into being with the first set().
struct ContextPlace {
  ContextState** current = nullptr;  // null: the thread's own
};
extern TANDEM_API constinit thread_local ContextPlace context_place;

TANDEM_API void hold_context(ContextState& context) noexcept;
TANDEM_API void drop_context(ContextState& context) noexcept;
// The place of the current context.
TANDEM_API ContextState*& current_context() noexcept;
// What is at this place, brought into being if need be.
TANDEM_API ContextState& made_context(ContextState*& place);
// For whoever makes a place the current one by itself. The former throws RuntimeError (some thread
// is in it already).
TANDEM_API void enter_context(ContextState& context);
TANDEM_API void leave_context(ContextState& context) noexcept;
// A copy of the current context, counted for the caller; null: nothing is set in it.
TANDEM_API ContextState* copy_current_context();

// A reference to a context that may be null, as a place in which code can run.
class ContextHandle {
 public:
  ContextHandle() = default;
  explicit ContextHandle(ContextState* adopted) noexcept : state_(adopted) {}
  ContextHandle(const ContextHandle& other) noexcept : state_(other.state_) {
    if (state_) hold_context(*state_);
  }
  ContextHandle(ContextHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  ContextHandle& operator=(ContextHandle other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~ContextHandle() {
    if (state_) drop_context(*state_);
  }

  ContextState* get() const noexcept { return state_; }
  ContextState*& place() noexcept { return state_; }
  ContextState* release() noexcept { return std::exchange(state_, nullptr); }

 private:
  ContextState* state_ = nullptr;
};

// While it lives, the context at this place is the current one of the thread.
// Throws   RuntimeError (some thread is in it already).
class TANDEM_API ContextScope {
 public:
  explicit ContextScope(ContextState*& place);
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  ~ContextScope();

 private:
  ContextState*& place_;
  ContextState** const before_;
};

// The part of a variable that does not depend on its type.
class TANDEM_API ContextKey {
 public:
  explicit ContextKey(std::string name);
  ContextKey(const ContextKey&) = delete;
  ContextKey& operator=(const ContextKey&) = delete;

  const std::string& name() const noexcept { return name_; }
  std::uint64_t id() const noexcept { return id_; }
  std::string repr() const;

  ContextValueHandle find() const;                                // in the current context
  ContextValueHandle find_in(const ContextState& context) const;  // null: not set
  void set(ContextValueHandle value) const;                       // null: as if never set

 private:
  const std::string name_;
  const std::uint64_t id_;  // never used again
};

// What a Token remembers.
class TANDEM_API TokenState {
 public:
  explicit TokenState(const ContextKey& key);
  // Throws   RuntimeError (used already); ValueError (another variable, another context).
  void reset(const ContextKey& key);
  const ContextValueHandle& old_value() const noexcept { return old_value_; }

 private:
  const std::uint64_t id_;
  ContextHandle context_;
  ContextValueHandle old_value_;
  bool used_ = false;
};

}  // namespace detail

namespace contextvars {

template <class T>
class ContextVar;

// What ContextVar::set() returns: for reset(), once. A handle.
// Spec     asyncio.contextvars.token
template <class T>
class Token {
 public:
  // What the variable was before; none: it was not set.
  std::optional<T> old_value() const;

 private:
  friend class ContextVar<T>;
  explicit Token(const detail::ContextKey& key)
      : state_(std::make_shared<detail::TokenState>(key)) {}
  std::shared_ptr<detail::TokenState> state_;
};

// A set of values for context variables. A handle: copies are the same context; copy() is another.
// Threads  one thread at a time runs in a context; contexts may be copied and dropped anywhere.
// Spec     asyncio.contextvars.context
class TANDEM_API Context {
 public:
  Context();  // an empty one

  // Calls f(args...) in this context: what it sets stays here.
  // Throws   RuntimeError (a call runs in it already); what f throws.
  template <class F, class... A>
  requires std::invocable<F, A...> std::invoke_result_t<F, A...> run(F&& f, A&&... args)
  const {
    detail::ContextHandle entered = handle_;
    const detail::ContextScope scope(entered.place());
    return std::invoke(std::forward<F>(f), std::forward<A>(args)...);
  }
  Context copy() const;

  // `var in context`, context.get(var), context[var] (KeyError), len(context)
  template <class T>
  bool contains(const ContextVar<T>& var) const;
  template <class T>
  std::optional<T> get(const ContextVar<T>& var) const;
  template <class T>
  T at(const ContextVar<T>& var) const;
  std::size_t size() const noexcept;

  // Identity.
  friend bool operator==(const Context& a, const Context& b) noexcept {
    return a.handle_.get() == b.handle_.get();
  }
  const detail::ContextHandle& handle() const noexcept { return handle_; }  // the library's own
  explicit Context(detail::ContextHandle handle) noexcept : handle_(std::move(handle)) {}

 private:
  detail::ContextHandle handle_;  // never null
};

// A copy of the current context.
// Spec     asyncio.contextvars.copy-context
TANDEM_API Context copy_context();

// A variable of the current context; best static. Its name is for reports only.
// Threads  any number at once: each sees its own context.
// Spec     asyncio.contextvars.context-var
template <class T>
class ContextVar {
 public:
  explicit ContextVar(std::string name) : key_(std::move(name)) {}
  ContextVar(std::string name, T default_value)
      : key_(std::move(name)), default_(std::move(default_value)) {}

  const std::string& name() const noexcept { return key_.name(); }

  // The value, else the argument, else the variable's own default.
  // Throws   LookupError (none of them).
  T get() const {
    if (const auto held = key_.find()) return value_of(*held);
    if (!default_) throw LookupError(key_.repr());
    return *default_;
  }
  T get(T default_value) const {
    if (const auto held = key_.find()) return value_of(*held);
    return default_value;
  }
  Token<T> set(T value) const {
    Token<T> token(key_);
    key_.set(std::make_shared<const Held>(std::move(value)));
    return token;
  }
  // Throws   RuntimeError (the token was used already); ValueError (it is of another variable, or
  //          of another context).
  void reset(const Token<T>& token) const { token.state_->reset(key_); }

  friend bool operator==(const ContextVar& a, const ContextVar& b) noexcept { return &a == &b; }

 private:
  friend class Token<T>;
  friend class Context;
  struct Held final : detail::ContextValue {
    explicit Held(T held) : value(std::move(held)) {}
    T value;
  };
  static const T& value_of(const detail::ContextValue& held) {
    return static_cast<const Held&>(held).value;
  }

  const detail::ContextKey key_;
  const std::optional<T> default_;
};

template <class T>
std::optional<T> Token<T>::old_value() const {
  if (const auto& held = state_->old_value()) return ContextVar<T>::value_of(*held);
  return {};
}

template <class T>
bool Context::contains(const ContextVar<T>& var) const {
  return var.key_.find_in(*handle_.get()) != nullptr;
}
template <class T>
std::optional<T> Context::get(const ContextVar<T>& var) const {
  if (const auto held = var.key_.find_in(*handle_.get())) return ContextVar<T>::value_of(*held);
  return {};
}
template <class T>
T Context::at(const ContextVar<T>& var) const {
  if (const auto held = var.key_.find_in(*handle_.get())) return ContextVar<T>::value_of(*held);
  throw KeyError(var.key_.repr());
}

}  // namespace contextvars
}  // namespace tandem::inline v1
