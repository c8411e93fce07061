// How a thread is stopped: by asking it to. There is no terminate(), here or in Python: a thread
// that was cut off anywhere would leave its locks locked and its work half done.
#include <iostream>
#include <tandem/threading.hpp>

using namespace std::chrono_literals;
namespace threading = tandem::threading;

class Worker : public threading::Thread {
 public:
  void stop() { stop_.set(); }
  threading::Event busy;

 protected:
  void run() override {
    while (!stop_.wait(1ms)) busy.set();  // a piece of work, and a pause that stop() ends
    std::cout << "cleaning up\n";
  }

 private:
  threading::Event stop_;
};

int main() {
  auto worker = threading::make_thread<Worker>();
  worker->start();
  worker->busy.wait();

  worker->stop();
  worker->join();
  std::cout << "alive: " << (worker->is_alive() ? "True" : "False") << '\n';
}
