// tandem::subprocess::Popen.communicate.
#include <tandem/subprocess.hpp>

#include "../harness/process_rows.hpp"

namespace bench {
namespace {

namespace subprocess = tandem::subprocess;

class Capture {
 public:
  int run(const Words& words, std::size_t pipes) {
    subprocess::PopenOptions options{.stdout_ = subprocess::PIPE};
    if (pipes == 2) options.stderr_ = subprocess::PIPE;
    subprocess::Popen child(words, options);
    output_ = child.communicate();
    return child.returncode().value();
  }
  std::string_view output(std::size_t pipe) const {
    return (pipe == 0 ? output_.out : output_.err).value();
  }

 private:
  subprocess::Output output_;
};

const bool entered = [] {
  enter_capture<Capture>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
