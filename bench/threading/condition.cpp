// tandem::threading::Condition, over a Lock.
#include <mutex>
#include <tandem/threading.hpp>

#include "../harness/sync_rows.hpp"

namespace bench {
namespace {

class Turn {
 public:
  void pass(bool from) {
    const std::scoped_lock guard(changed_);
    changed_.wait_for([&] { return turn_ == from; });
    turn_ = !from;
    changed_.notify();
  }

 private:
  tandem::threading::Lock lock_;
  tandem::threading::Condition changed_{lock_};
  bool turn_ = false;
};

const bool entered = [] {
  enter_condition<Turn>("tandem", Kind::ours);
  return true;
}();

}  // namespace
}  // namespace bench
