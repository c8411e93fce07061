// A static that is younger than the first thread, and what main() has declared before its
// main_scope, are there until the threads are joined.
#include "conformance/programs/threading/say.hpp"
#include "tandem/threading.hpp"

namespace threading = tandem::threading;

struct Speaking {
  const char* name;
  ~Speaking() { say(name); }
};

int main() {
  const Speaking older{"older local"};
  tandem::main_scope scope;
  threading::Thread([] {
    threading::main_thread().join();
    say("thread");
  }).start();
  static const Speaking later{"later static"};
  const Speaking younger{"younger local"};
}
