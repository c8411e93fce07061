// tandem::threading::Event.
#include <tandem/threading.hpp>

#include "../harness/sync_rows.hpp"

namespace bench {
namespace {

class Event {
 public:
  void set() { event_.set(); }
  void wait_and_clear() {
    event_.wait();
    event_.clear();
  }

 private:
  tandem::threading::Event event_;
};

const bool entered = [] {
  enter_event<Event>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
