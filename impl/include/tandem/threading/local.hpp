// Python's threading.local.
#pragma once
#include <concepts>
#include <memory>
#include <tuple>
#include <utility>

#include "tandem/core/abandon.hpp"
#include "tandem/core/callable.hpp"
#include "tandem/threading/detail/local_key.hpp"

namespace tandem::inline v1::threading {

// A variable of which each thread has its own: what are attributes in Python are the members of T.
//
//   struct Counters { int calls = 0; };
//   threading::local<Counters> counters;  // class Counters(threading.local): calls = 0
//   ++counters->calls;
//
// A thread's value is made when the thread first touches it, and destroyed when that thread has
// ended, before join() returns, or with the local, whichever is first; the main thread's with the
// local. Neither copied nor moved.
// Threads  any number at once: each sees its own value. While the local is destroyed nobody may
//          use it; threads may end meanwhile.
// Spec     threading.local
template <class T>
class local {
 public:
  // T(args...) is what each thread has at first; this one at once. Bound by value, and given to T
  // as const, by several threads at once.
  template <class... A>
  requires std::constructible_from < T, const detail::bound_t<A>
  &... > &&(std::copy_constructible<detail::bound_t<A>>&&...) explicit local(A&&... args)
      : key_([bound = std::tuple<detail::bound_t<A>...>(std::forward<A>(args)...)] {
          return std::apply(
              [](const auto&... each) -> std::unique_ptr<detail::LocalValue> {
                return std::make_unique<Value>(each...);
              },
              bound);
        }) {
    get();
  }
  local(const local&) = delete;
  local& operator=(const local&) = delete;

  // The calling thread's value. Not to be given to other threads.
  // Throws   what T's constructor throws: the next touch tries again; RuntimeError (by that
  //          constructor itself).
  T& get() const { return static_cast<Value&>(key_->value()).value; }
  T& operator*() const { return get(); }
  T* operator->() const { return &get(); }

 private:
  struct Value final : detail::LocalValue {
    template <class... A>
    explicit Value(const A&... args) : value(args...) {}
    T value;
  };

  // Abandoned threads may still use their values.
  mutable detail::Abandonable<detail::LocalKey> key_;
};

}  // namespace tandem::inline v1::threading
