// popen(3): a shell, and a FILE to read from.
#include <cstdio>

#include "posix.hpp"

namespace bench {
namespace {

class Shell {
 public:
  int read(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "re");
    if (!pipe) throw Broken("popen failed");
    while (const std::size_t count = std::fread(output_.room(kBlock), 1, kBlock, pipe))
      output_.add(count);
    return status_of(::pclose(pipe));
  }
  std::string_view output() const { return output_.view(); }

 private:
  Bytes output_;
};

const bool entered = [] {
  enter_shell<Shell>("popen3", Kind::peer);
  return true;
}();

}  // namespace
}  // namespace bench
