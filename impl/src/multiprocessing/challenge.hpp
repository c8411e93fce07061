// How two sides of a connection show each other that they have the same key: see listener.cpp.
#pragma once
#include <string_view>

#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/connection.hpp"
#include "tandem/multiprocessing/listener.hpp"

namespace tandem::inline v1::multiprocessing::connection {

// Whether the other side knows the key. The listener begins with this, the client with the answer.
// Throws   AuthenticationError, EOFError, OSError.
void deliver_challenge(const Connection& connection, std::string_view key);
void answer_challenge(const Connection& connection, std::string_view key);

// Both, of a listener that somebody has connected to: a stranger until then.
// Throws   also TimeoutError (it takes longer than that).
void admit(const Connection& connection, std::string_view key, v1::detail::Deadline until);

// Client(), of a server that may have stopped.
// Throws   also TimeoutError, BlockingIOError (it has not answered in time).
Connection connect_until(const Address& address, const ClientOptions& options,
                         v1::detail::Deadline until);

}  // namespace tandem::inline v1::multiprocessing::connection
