// HMAC with SHA-256 (RFC 2104, FIPS 180-4), for the challenges of Listener and Client.
//
// Our own, because the library depends on libc and threads only, and no header of the distribution
// has it: a whole library of cryptography would be linked by everybody, for one function that never
// changes. It is checked with the published vectors.
#pragma once
#include <string>
#include <string_view>

namespace tandem::inline v1::multiprocessing::detail {

inline constexpr std::size_t digest_size = 32;

std::string sha256(std::string_view message);
std::string hmac_sha256(std::string_view key, std::string_view message);

// Takes the same time wherever they differ.
bool is_same_digest(std::string_view a, std::string_view b) noexcept;

}  // namespace tandem::inline v1::multiprocessing::detail
