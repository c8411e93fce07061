// What a process runs: any callable, and how it crosses to another process where it can.
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "tandem/core/callable.hpp"
#include "tandem/core/export.hpp"
#include "tandem/pickle/callable.hpp"

namespace tandem::inline v1::multiprocessing {

class Process;

namespace detail {

using namespace v1::detail;

// Throws   PicklingError: that it cannot be sent.
[[noreturn]] TANDEM_API void refuse_to_pickle(const std::type_info& type);

template <class F>
inline constexpr bool is_portable_target = pickle::PortableCallable<F>;
template <class F, class... A>
inline constexpr bool is_portable_target<Call<F, A...>> = pickle::PortableCallable<F> &&
                                                          (pickle::Portable<A> && ...);

class Target {  // Move-only
 public:
  Target() = default;
  template <class F>
  requires(std::invocable<std::decay_t<F>> && !std::same_as<std::decay_t<F>, Target>) Target(F&& f)
      : held_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const noexcept { return held_ != nullptr; }
  // As often as it is called; what can be called once only is called once.
  void operator()() { held_->call(); }
  // What is bound is moved into the call.
  void call_once() { held_->call_once(); }
  // For pickle's read_action(). Throws   as pickle::encode_call(); PicklingError (not portable).
  void encode(pickle::Output& output) const { held_->encode(output); }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual void call() = 0;
    virtual void call_once() = 0;
    virtual void encode(pickle::Output& output) const = 0;
  };
  template <class F>
  struct Holder final : Held {
    template <class G>
    explicit Holder(G&& g) : f(std::forward<G>(g)) {}
    void call() override {
      if constexpr (std::invocable<F&>)
        std::invoke(f);
      else
        call_once();
    }
    void call_once() override { std::invoke(std::move(f)); }
    void encode([[maybe_unused]] pickle::Output& output) const override {
      if constexpr (is_portable_target<F>)
        pickle::encode_call(output, f);
      else
        refuse_to_pickle(typeid(F));
    }
    F f;
  };

  std::unique_ptr<Held> held_;
};

// How an object of a subclass of Process crosses; null where it cannot.
struct ObjectPickling {
  void (*dump)(pickle::Output& output, const Process& object) = nullptr;
};

using LoadObject = std::shared_ptr<Process> (*)(pickle::Input& input);

template <class T>
std::shared_ptr<Process> load_object(pickle::Input& input) {
  return std::make_shared<T>(pickle::load<T>(input));
}
// The function that reads it, and what that reads.
template <class T>
void dump_object(pickle::Output& output, const Process& object) {
  pickle::dump<LoadObject>(output, &load_object<T>);
  pickle::dump<T>(output, static_cast<const T&>(object));
}

template <class T>
ObjectPickling object_pickling() {
  if constexpr (pickle::Portable<T>)
    return {&dump_object<T>};
  else
    return {};
}

}  // namespace detail
}  // namespace tandem::inline v1::multiprocessing
