// Exceptions are values as well: they come back as what they were.
#include <exception>
#include <iostream>
#include <string>
#include <tandem/pickle.hpp>
#include <tuple>

namespace pickle = tandem::pickle;

class OutOfMoney : public tandem::ValueError {
 public:
  explicit OutOfMoney(int missing)
      : ValueError("missing " + std::to_string(missing)), missing_(missing) {}
  int missing() const { return missing_; }
  std::tuple<int> reduce() const { return {missing_}; }

 private:
  int missing_;
};
TANDEM_REGISTER_EXCEPTION(OutOfMoney);

int main() {
  const auto error = std::make_exception_ptr(OutOfMoney(5));
  try {
    std::rethrow_exception(pickle::loads<std::exception_ptr>(pickle::dumps(error)));
  } catch (const OutOfMoney& copy) {
    std::cout << copy.what() << ": lend me " << copy.missing() << '\n';
  }
  try {
    std::rethrow_exception(pickle::loads<std::exception_ptr>(
        pickle::dumps(std::make_exception_ptr(tandem::FileNotFoundError(2, "money")))));
  } catch (const tandem::OSError& copy) {
    std::cout << copy.what() << '\n';
  }
}
