// The document's wait() and as_completed().
// reference/examples/concurrent/futures/waiting.py prints the same.
#include <chrono>
#include <iostream>

#include "tandem/futures.hpp"
#include "tandem/threading.hpp"

using namespace std::chrono_literals;
namespace futures = tandem::futures;

int power(int base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }

template <class Result>
void tell(const Result& result, const char* about, bool value) {
  std::cout << result.done.size() << " done, " << result.not_done.size() << " not" << about << ' '
            << (value ? "True" : "False") << std::endl;
}

int main() {
  tandem::threading::Event gate;
  futures::ThreadPoolExecutor executor(2);
  const auto quick = executor.submit(power, 2, 5);
  const auto slow = executor.submit([&] { return gate.wait() ? 1 : 0; });

  const auto first = futures::wait({quick, slow}, {.return_when = futures::FIRST_COMPLETED});
  tell(first, "; the quick one:", first.done.contains(quick));

  const auto so_far = futures::wait({quick, slow}, {.timeout = 10ms});
  tell(so_far, ", and cancelled:", slow.cancelled());

  const auto failing = executor.submit([]() -> int { throw tandem::ValueError("no division"); });
  const auto failed = futures::wait({slow, failing}, {.return_when = futures::FIRST_EXCEPTION});
  tell(failed, "; the failing one:", failed.done.contains(failing));

  for (const auto& future : futures::as_completed({slow, quick})) {
    std::cout << (future == quick ? "the quick one" : "the slow one") << std::endl;
    gate.set();
  }
}
