#include "tandem/threading/timer.hpp"

#include <typeinfo>

namespace tandem::inline v1::threading {

Timer::Timer(Timeout interval, std::function<void()> function)
    : Timer(std::make_shared<State>(interval, std::move(function))) {}

Timer::Timer(std::shared_ptr<State> state)
    : Thread({.target =
                  [state] {
                    if (!state->finished.wait(state->interval)) state->function();
                    state->finished.set();
                  }},
             typeid(Timer)),
      state_(std::move(state)) {}

}  // namespace tandem::inline v1::threading
