// What connecting and serving share.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asyncio/transport_state.hpp"
#include "platform/network.hpp"

namespace tandem::inline v1::asyncio::detail {

platform::Family native_family(AddressFamily family) noexcept;

// The addresses of a host; of one that is a number nobody is asked, and the loop does not turn.
//   host  none: this machine, or of who listens all of its addresses
// Throws   OSError (it is not found).
Coroutine<std::vector<platform::NetworkAddress>> resolve(EventLoop loop,
                                                         std::optional<std::string> host,
                                                         std::optional<int> port,
                                                         AddressFamily family, bool passive);

// Waits until connection_made() was called; the transport is closed if that does not come to pass.
Coroutine<> until_made(std::shared_ptr<TransportState> transport, Future<> waiter);
// A transport and a protocol on a socket that is connected.
Coroutine<Made> make_connection(EventLoop loop, platform::Handle socket, ProtocolFactory factory);

}  // namespace tandem::inline v1::asyncio::detail
