// How two sides of a connection show each other that they have the same key: see listener.cpp.
#pragma once
#include <string_view>

#include "tandem/multiprocessing/connection.hpp"

namespace tandem::inline v1::multiprocessing::connection {

// Whether the other side knows the key. The listener begins with this, the client with the answer.
// Throws   AuthenticationError, EOFError, OSError.
void deliver_challenge(const Connection& connection, std::string_view key);
void answer_challenge(const Connection& connection, std::string_view key);

}  // namespace tandem::inline v1::multiprocessing::connection
