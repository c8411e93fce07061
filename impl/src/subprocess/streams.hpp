// The three streams of a child to be: who has which end of what.
#pragma once
#include <array>

#include "platform/handle.hpp"
#include "tandem/subprocess/popen.hpp"

namespace tandem::inline v1::subprocess::detail {

//     parent                     child
//     parent[0]  ---- 0 ---->    child[0]
//     parent[1]  <--- 1 -----    child[1]
//     parent[2]  <--- 2 -----    child[2]
struct Streams {
  std::array<platform::Handle, 3> parent{};  // of PIPEs
  std::array<int, 3> child{platform::Handle::none, platform::Handle::none, platform::Handle::none};
  std::array<platform::Handle, 3> owned{};  // of the child's ends: to be closed once it is started
  platform::Handle null_device{};
};

// Throws   OSError.
Streams open_streams(const subprocess::PopenOptions& options);

}  // namespace tandem::inline v1::subprocess::detail
