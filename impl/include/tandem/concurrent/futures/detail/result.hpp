// The result's place in the block that a future's handles share, and counted references to it.
#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "tandem/concurrent/futures/detail/state.hpp"
#include "tandem/core/block_pool.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/core/result_range.hpp"

namespace tandem::inline v1::concurrent::futures::detail {

// What result() of a named future gives: T const& | T& | void.
template <class T>
using shared_result_t =
    std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<const T>>;

// Memory for a T that takes the state, and all else of a call, in one allocation. What asks for
// more alignment than the pool's blocks have gets the system's.
template <class T>
void* allocate_for() {
  if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    return ::operator new(sizeof(T), std::align_val_t(alignof(T)));
  else
    return allocate_block(sizeof(T));
}
template <class T>
void free_of(void* memory) noexcept {
  if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    ::operator delete(memory, std::align_val_t(alignof(T)));
  else
    free_block(memory, sizeof(T));
}

template <class T>
class ResultState : public FutureState {
 public:
  explicit ResultState(std::uint64_t references) : FutureState(references) {}
  ~ResultState() override {
    if (this->has_value_) std::destroy_at(std::addressof(value_));
  }

  // By whoever has claimed the result.
  template <class... U>
  void emplace(U&&... value) {
    if constexpr (std::is_reference_v<T>)
      construct(std::addressof(value)...);
    else
      construct(std::forward<U>(value)...);
  }
  template <class F>
  void emplace_result_of(F&& f) {
    if constexpr (std::is_void_v<T>) {
      std::forward<F>(f)();
      construct();
    } else if constexpr (std::is_reference_v<T>) {
      construct(std::addressof(std::forward<F>(f)()));
    } else {
      construct(Elided<F>{std::forward<F>(f)});
    }
  }
  element_t<T>& value() noexcept { return value_; }  // once finished without an error

  static ResultState* make() { return ::new (allocate_for<Plain>()) Plain; }

 protected:
  std::string result_type() const override { return type_name<std::remove_cvref_t<T>>(); }

 private:
  template <class F>
  struct Elided {  // constructs the value in its place, however it moves
    F&& f;
    operator T() && { return std::forward<F>(f)(); }
  };
  struct Plain;  // a future made by its user

  template <class... U>
  void construct(U&&... arguments) {
    ::new (static_cast<void*>(std::addressof(value_))) element_t<T>(std::forward<U>(arguments)...);
    this->has_value_ = true;
  }

  union {
    element_t<T> value_;  // while has_value_
  };
};

template <class T>
struct ResultState<T>::Plain final : ResultState<T> {
  Plain() : ResultState<T>(FutureState::handle) {}
  void destroy() noexcept override {
    this->~Plain();
    free_of<Plain>(this);
  }
};

// A submitted call: future, function and arguments in one block.
template <class T, class F>
class Task final : public ResultState<T> {
 public:
  template <class... A>
  static Task* make(A&&... args) {
    void* memory = allocate_for<Task>();
    try {
      return ::new (memory) Task(std::forward<A>(args)...);
    } catch (...) {
      free_of<Task>(memory);
      throw;
    }
  }

  void compute() noexcept override {
    try {
      this->emplace_result_of([this]() -> T { return std::move(function_)(); });
    } catch (...) {
      this->fail(std::current_exception());
    }
    discard();
  }
  // The function and its arguments live no longer than the call.
  void discard() noexcept override {
    if (std::exchange(this->has_function_, false)) std::destroy_at(std::addressof(function_));
  }

 protected:
  void destroy() noexcept override {
    this->~Task();
    free_of<Task>(this);
  }

 private:
  template <class... A>
  explicit Task(A&&... args) : ResultState<T>(FutureState::handle | FutureState::work) {
    ::new (static_cast<void*>(std::addressof(function_))) F(std::forward<A>(args)...);
    this->has_function_ = true;
  }
  ~Task() override { discard(); }

  union {
    F function_;  // while has_function_
  };
};

// A handle's reference. Empty after a move, and once its result was given away.
class StateHandle {
 public:
  StateHandle() = default;
  explicit StateHandle(FutureState* adopted) noexcept : state_(adopted) {}
  StateHandle(const StateHandle& other) noexcept : state_(other.state_) {
    if (state_) state_->add_handle();
  }
  StateHandle(StateHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  StateHandle& operator=(StateHandle other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~StateHandle() {
    if (state_) state_->drop_handle();
  }

  FutureState* get() const noexcept { return state_; }
  // Throws   InvalidStateError (the handle is empty).
  FutureState* operator->() const {
    if (!state_) [[unlikely]]
      throw_empty();
    return state_;
  }

 private:
  [[noreturn]] static void throw_empty() {
    throw InvalidStateError("this handle has no future: it was moved from or gave its result away");
  }
  FutureState* state_ = nullptr;
};

}  // namespace tandem::inline v1::concurrent::futures::detail
