// A daemon that waits when the threads have been joined does not come back, whatever it waits for.
#include <chrono>
#include <cstdlib>

#include "conformance/programs/threading/say.hpp"
#include "tandem/threading.hpp"

namespace threading = tandem::threading;

static threading::Event wanted, waits;

int main() {
  std::atexit([] {
    wanted.set();
    threading::Event().wait(std::chrono::milliseconds(100));  // the last thread may wait
    say("end");
  });
  threading::Thread({
                        .target =
                            [] {
                              waits.set();
                              wanted.wait();
                              say("the daemon came back");
                            },
                        .daemon = true,
                    })
      .start();
  waits.wait();
  while (tandem::parked_threads() == 0) threading::Event().wait(std::chrono::milliseconds(1));
  say("end of main");
}
