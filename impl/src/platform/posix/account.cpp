#include "platform/account.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/types.h>

#include <cerrno>
#include <vector>

namespace tandem::inline v1::platform {

namespace {

// Calls one of get{pw,gr}nam_r with as much room as it wants.
template <class Entry, class Find, class Number>
Lookup find(const std::string& name, long long& number, Find find_entry, Number number_of) {
  std::vector<char> room(1024);
  for (;;) {
    Entry entry;
    Entry* found = nullptr;
    const int error = find_entry(name.c_str(), &entry, room.data(), room.size(), &found);
    if (found) {
      number = number_of(*found);
      return Lookup::found;
    }
    // POSIX names none for "not there", so systems differ.
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
      return Lookup::unknown;
    if (error == ERANGE) {
      room.resize(2 * room.size());
    } else if (error != EINTR) {
      number = error;
      return Lookup::failed;
    }
  }
}

}  // namespace

Lookup find_user(const std::string& name, long long& number) {
  return find<passwd>(name, number, ::getpwnam_r, [](const passwd& user) { return user.pw_uid; });
}

Lookup find_group(const std::string& name, long long& number) {
  return find<group>(name, number, ::getgrnam_r, [](const group& entry) { return entry.gr_gid; });
}

}  // namespace tandem::inline v1::platform
