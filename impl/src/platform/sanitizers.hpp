// Which sanitizers watch this build: g++ says it by macros, clang by features.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TANDEM_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define TANDEM_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define TANDEM_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#define TANDEM_TSAN 1
#endif
