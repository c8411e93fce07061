// What a manager's clients and its server say to each other. After the challenges of a connection:
//
//   client                                        server, a thread for each connection
//     HELLO session, a session to copy     ──►    whose leases are meant from here on
//     CALL object, method, arguments       ──►
//                                          ◄──    RETURN result | ERROR what the method threw |
//                                                 TRACEBACK text, what was thrown | UNSERIALIZABLE
//                                                 …
//
// A session is a process that has proxies. It lasts as long as one of its connections; so its
// leases end with it, whatever it has ended by. Who is about to fork has the server copy the
// session, on a connection that the child then goes on with. A ticket is a lease on its way: of a
// proxy that was pickled. Whoever unpickles it first takes it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tandem/multiprocessing/connection.hpp"
#include "tandem/multiprocessing/detail/managed.hpp"
#include "tandem/multiprocessing/listener.hpp"
#include "tandem/pickle.hpp"

namespace tandem::inline v1::multiprocessing::detail {

enum class Request : unsigned char {
  HELLO,     // session, session to copy or none
  CALL,      // object, method, signature, arguments
  CREATE,    // typeid, hash of the arguments, hash of what makes it, arguments
  LEASE,     // object, ticket or 0
  RELEASE,   // object
  TICKET,    // object
  REPR,      // object
  COUNT,     //
  DEBUG,     //
  DUMMY,     //
  SHUTDOWN,  //
};
inline constexpr auto last_request = Request::SHUTDOWN;

enum class Reply : unsigned char { RETURN, ERROR, TRACEBACK, UNSERIALIZABLE };

// Nobody can guess one.
using SessionId = std::pair<std::uint64_t, std::uint64_t>;
inline constexpr SessionId no_session{0, 0};

void send_message(const Connection& connection, pickle::Output& output);
// Leaves the input where the result begins.
// Throws   what the reply says.
void check_reply(pickle::Input& input);
// "2a", as Python has it.
std::string id_text(std::uint64_t id);

// What register_() has made known.
struct Registry {
  std::map<std::string, std::shared_ptr<const Maker>> makers{};  // null: see CreationNode

  void pickle(v1::pickle::Output& output) const;
  static Registry unpickle(v1::pickle::Input& input);
};

}  // namespace tandem::inline v1::multiprocessing::detail
