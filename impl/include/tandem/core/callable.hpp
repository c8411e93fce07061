// A function and its arguments, bound by value: Python's target=f, args=(…).
#pragma once
#include <concepts>
#include <cstddef>
#include <functional>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tandem::inline v1 {

template <class F, class... A>
class Call;

namespace detail {

// A string literal is bound as a std::string, as Python's str is: a pointer outlives nothing.
template <class A>
using bound_t = std::conditional_t<std::same_as<std::decay_t<A>, const char*> ||
                                       std::same_as<std::decay_t<A>, char*>,
                                   std::string, std::decay_t<A>>;

template <class F, class... A>
struct Bind {};
template <class F, class... A>
requires std::invocable<std::decay_t<F>, bound_t<A>...>
struct Bind<F, A...> {
  using type = Call<std::decay_t<F>, bound_t<A>...>;
};
template <class F, class... A>  // a function that insists on a const char*
requires(!std::invocable<std::decay_t<F>, bound_t<A>...> &&
         std::invocable<std::decay_t<F>, std::decay_t<A>...>) struct Bind<F, A...> {
  using type = Call<std::decay_t<F>, std::decay_t<A>...>;
};
template <class F, class... A>
using call_t = typename Bind<F, A...>::type;
template <class F, class... A>
using result_of_call_t = typename call_t<F, A...>::result_type;
template <class F, class... A>
concept Callee = requires {
  typename Bind<F, A...>::type;
};

template <class N>
concept Count = std::integral<N> && !std::same_as<N, bool>;

}  // namespace detail

// A function and its arguments, bound by value and called once, when both are moved into the call.
// std::ref passes a reference. A value, as copyable as what it holds.
template <class F, class... A>
class Call {
 public:
  using result_type = std::invoke_result_t<F, A...>;

  template <class G, class... B>
  explicit Call(std::in_place_t, G&& f, B&&... args)
      : f_(std::forward<G>(f)), args_(std::forward<B>(args)...) {}

  result_type operator()() && { return std::apply(std::move(f_), std::move(args_)); }
  // Called as a callback may be, more than once: the bound values are copied.
  result_type operator()() &
      requires(std::copy_constructible<F> && (std::copy_constructible<A> && ...)) {
    return Call(*this).consume();
  }

  const F& function() const& noexcept { return f_; }
  F&& function() && noexcept { return std::move(f_); }
  const std::tuple<A...>& arguments() const& noexcept { return args_; }
  std::tuple<A...>&& arguments() && noexcept { return std::move(args_); }

 private:
  result_type consume() { return std::apply(std::move(f_), std::move(args_)); }

  F f_;
  std::tuple<A...> args_;
};

template <class F, class... A>
requires detail::Callee<F, A...> detail::call_t<F, A...> call(F&& f, A&&... args) {
  return detail::call_t<F, A...>(std::in_place, std::forward<F>(f), std::forward<A>(args)...);
}

namespace detail {

// A call without arguments or result, its type erased. Move-only; small ones need no allocation.
class Callable {
 public:
  Callable() = default;
  template <class F>
  requires(std::invocable<std::decay_t<F>> && !std::same_as<std::decay_t<F>, Callable>)
      Callable(F&& f) {
    using D = std::decay_t<F>;
    if constexpr (fits<D>) {
      ::new (static_cast<void*>(storage_)) D(std::forward<F>(f));
      table_ = &inline_table<D>;
    } else {
      ::new (static_cast<void*>(storage_)) D*(new D(std::forward<F>(f)));
      table_ = &heap_table<D>;
    }
  }
  Callable(Callable&& other) noexcept { take(other); }
  Callable& operator=(Callable&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }
  ~Callable() { reset(); }

  explicit operator bool() const noexcept { return table_ != nullptr; }
  void operator()() { table_->call(storage_); }

 private:
  struct Table {
    void (*call)(void*);
    void (*move)(void* to, void* from) noexcept;
    void (*destroy)(void*) noexcept;
  };
  static constexpr std::size_t size = 6 * sizeof(void*);
  template <class D>
  static constexpr bool fits =
      sizeof(D) <= size &&
      alignof(D) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<D>;
  template <class D>
  static constexpr Table inline_table{
      [](void* at) { std::invoke(std::move(*static_cast<D*>(at))); },
      [](void* to, void* from) noexcept {
        ::new (to) D(std::move(*static_cast<D*>(from)));
        static_cast<D*>(from)->~D();
      },
      [](void* at) noexcept { static_cast<D*>(at)->~D(); }};
  template <class D>
  static constexpr Table heap_table{
      [](void* at) { std::invoke(std::move(**static_cast<D**>(at))); },
      [](void* to, void* from) noexcept { ::new (to) D*(*static_cast<D**>(from)); },
      [](void* at) noexcept { delete *static_cast<D**>(at); }};

  void take(Callable& other) noexcept {
    if (other.table_) other.table_->move(storage_, other.storage_);
    table_ = std::exchange(other.table_, nullptr);
  }
  void reset() noexcept {
    if (table_) std::exchange(table_, nullptr)->destroy(storage_);
  }

  const Table* table_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[size];
};

}  // namespace detail
}  // namespace tandem::inline v1
