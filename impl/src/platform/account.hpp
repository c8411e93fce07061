// Neutral contract: numbers of users and groups by their names.
#pragma once
#include <string>

namespace tandem::inline v1::platform {

enum class Lookup { found, unknown, failed };

// failed: the system could not look; `number` is its error number then.
Lookup find_user(const std::string& name, long long& number);
Lookup find_group(const std::string& name, long long& number);

}  // namespace tandem::inline v1::platform
