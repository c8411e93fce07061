#include "conformance/harness/times.hpp"

#include <cstdlib>

namespace tandem::conformance {

double time_scale() {
  static const double scale = [] {
    const char* text = std::getenv("TANDEM_TIME_SCALE");
    const double value = text == nullptr ? 1.0 : std::strtod(text, nullptr);
    return value > 0.0 ? value : 1.0;
  }();
  return scale;
}

namespace times {

std::chrono::nanoseconds scaled(std::chrono::nanoseconds unscaled) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(unscaled * time_scale());
}

}  // namespace times
}  // namespace tandem::conformance
