// What sanitizers cannot do; a case that needs it skips itself, which conformance/expect/ foresees.
#pragma once

namespace tandem::conformance {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool address_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool address_sanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool address_sanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool thread_sanitizer = false;
#endif

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ == 12
inline constexpr bool gcc_12 = true;
#else
inline constexpr bool gcc_12 = false;
#endif

/// In a child that was forked while other threads allocated, GCC 12's allocator hangs; clang 19's
/// does not.
inline constexpr bool allocator_survives_fork = !(address_sanitizer && gcc_12);

/// The thread sanitizer goes on seeing the lost threads in the child, and stumbles over a new one
/// that has the ident of one of these.
inline constexpr bool threads_survive_fork = !thread_sanitizer;

}  // namespace tandem::conformance
