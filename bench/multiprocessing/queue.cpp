// tandem::multiprocessing::Queue of strings, as it is.
#include <cstddef>
#include <string>
#include <tandem/multiprocessing.hpp>

#include "../harness/process_queue_rows.hpp"

namespace bench {
namespace {

class Ours {
 public:
  Ours(std::size_t capacity, std::size_t) : queue_(static_cast<std::ptrdiff_t>(capacity)) {}
  void put(const std::string& item) { queue_.put(item); }
  void get(std::string& item) { item = queue_.get(); }

 private:
  tandem::multiprocessing::Queue<std::string> queue_;
};

const bool entered = [] {
  enter_process_queue<Ours>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
