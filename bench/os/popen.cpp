// tandem::os::popen.
#include <tandem/os.hpp>

#include "../harness/process_rows.hpp"

namespace bench {
namespace {

class Shell {
 public:
  int read(const std::string& command) {
    tandem::os::Pipe pipe = tandem::os::popen(command);
    output_ = pipe.read();
    return pipe.close().value_or(0);
  }
  std::string_view output() const { return output_; }

 private:
  std::string output_;
};

const bool entered = [] {
  enter_shell<Shell>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
