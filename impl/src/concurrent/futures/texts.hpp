// What every executor says that takes no more.
#pragma once

namespace tandem::inline v1::concurrent::futures {

inline constexpr const char* after_shutdown = "cannot schedule new futures after shutdown";
inline constexpr const char* after_exit = "cannot schedule new futures after interpreter shutdown";

}  // namespace tandem::inline v1::concurrent::futures
