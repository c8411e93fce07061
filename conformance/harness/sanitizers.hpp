// What sanitizers cannot do; a case that needs it skips itself, which conformance/expect/ foresees.
#pragma once

namespace tandem::conformance {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool thread_sanitizer = false;
#endif

/// The thread sanitizer goes on seeing the lost threads in the child, and stumbles over a new one
/// that has the ident of one of these.
inline constexpr bool threads_survive_fork = !thread_sanitizer;

}  // namespace tandem::conformance
