#include "tandem/queue/exceptions.hpp"

namespace tandem::inline v1::queue {

Empty::Empty() : std::runtime_error("") {}
Full::Full() : std::runtime_error("") {}
ShutDown::ShutDown() : std::runtime_error("") {}

}  // namespace tandem::inline v1::queue
