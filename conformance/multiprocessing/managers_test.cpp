// multiprocessing.managers
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "conformance/multiprocessing/support.hpp"
#include "tandem/os.hpp"

using namespace tandem::conformance;
using namespace std::chrono_literals;
using namespace std::string_literals;
using mp::Connection;
using mp::Context;
using mp::Process;
using mp::managers::Address;
using mp::managers::AutoProxy;
using mp::managers::BaseManager;
using mp::managers::DictProxy;
using mp::managers::ListProxy;
using mp::managers::ManagerOptions;
using mp::managers::Method;
using mp::managers::method;
using mp::managers::Registered;
using mp::managers::SyncManager;
using tandem::call;

// What the cases register.
class Calculator {
 public:
  explicit Calculator(int start = 0) : sum_(start) {
    if (start < 0) throw tandem::ValueError("negative start");
  }
  int add(int number) { return sum_ += number; }
  int divide(int number);
  int pid() const { return ::getpid(); }
  mp::Lock not_picklable() const { return mp::Lock(); }
  Calculator copy() const { return *this; }
  int secret() const { return 42; }

  int reduce() const { return sum_; }
  friend std::string to_string(const Calculator& calculator) {
    return "Calculator(" + std::to_string(calculator.sum_) + ")";
  }

 private:
  int sum_;
};

struct ZeroDivision : std::runtime_error {
  using std::runtime_error::runtime_error;
};
TANDEM_REGISTER_EXCEPTION(ZeroDivision);

int Calculator::divide(int number) {
  if (number == 0) throw ZeroDivision("division by zero");
  return sum_ /= number;
}

namespace {

using CopyProxy = mp::managers::Proxy<Calculator, &Calculator::add>;
using CalculatorProxy = AutoProxy<Calculator, Method<&Calculator::add>, Method<&Calculator::divide>,
                                  Method<&Calculator::pid>, Method<&Calculator::not_picklable>,
                                  Method<&Calculator::copy, CopyProxy>>;

class AdderProxy : public mp::managers::Proxy<Calculator, &Calculator::add> {
 public:
  explicit AdderProxy(Lease lease) noexcept : AutoProxy(std::move(lease), "AdderProxy") {}
  int plus(int number) const { return call<&Calculator::add>(number); }
};

Calculator& shared_calculator() {
  static Calculator shared(100);
  return shared;
}
Calculator calculator_of(int first, int second) { return Calculator(first * second); }

class MyManager : public BaseManager {
 public:
  explicit MyManager(ManagerOptions options = {}) : BaseManager(std::move(options)) {}

  const Registered<CalculatorProxy> calculator = register_<CalculatorProxy>("Calculator");
  const Registered<CalculatorProxy, std::tuple<>> shared =
      register_<CalculatorProxy>("shared", shared_calculator);
  const Registered<CalculatorProxy, std::tuple<int, int>> product =
      register_<CalculatorProxy>("product", calculator_of);
  const Registered<AdderProxy> adder = register_<AdderProxy>("Adder");
  const Registered<CopyProxy> some = register_<Calculator>("Some", method<&Calculator::add>);
};

MyManager started_manager(ManagerOptions options = {}) {
  MyManager manager(std::move(options));
  manager.start();
  return manager;
}

std::vector<std::string> children() {
  std::vector<std::string> names;
  for (const Process& child : mp::active_children())
    names.push_back(child.name().substr(0, child.name().find('-')));
  return names;
}

bool exists(const std::optional<Address>& address) {
  return std::filesystem::exists(address.value().path());
}

bool cannot_be_asked(const mp::managers::BaseProxy& proxy) {
  return to_string(proxy).ends_with("; '__str__()' failed>");
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

// Whether the server has so many objects, at last.
bool comes_to_hold(const BaseManager& manager, std::size_t count) {
  const auto ends = now() + times::must_not_expire;
  while (manager._number_of_objects() != count && now() < ends) std::this_thread::yield();
  return manager._number_of_objects() == count;
}

template <class T>
std::string shown(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// The exception that is nested in what the call throws.
template <class Act>
std::string nested(Act act) {
  std::string said = "nothing";
  try {
    act();
  } catch (const std::exception& error) {
    said = raised([&] { std::rethrow_if_nested(error); });
  }
  return said;
}

// What other processes do

void write_note(const std::string& path, const std::string& text) {
  note(path, text, ::getpid() != mp::parent_process()->pid());
}
void fail_to_begin() { ::_exit(3); }
void block_for_ever() {
  static tandem::threading::Event never;
  tandem::threading::Thread([] { never.wait(); }).start();
}

void add_remotely(const Address& address, const std::string& key, const std::string& path) {
  const MyManager manager({.address = address, .authkey = key});
  manager.connect();
  note(path, manager.shared().call<&Calculator::add>(11));
}

void serve(const Connection& connection) {
  const auto server = MyManager({.authkey = "key"}).get_server();
  connection.send(server.address());
  server.serve_forever();
}

void change(const ListProxy<int>& numbers, const DictProxy<std::string, int>& words) {
  numbers.append(4);
  words["four"] = 4;
  words.update({{"five", 5}});
}

void pass_on(const mp::Queue<ListProxy<int>>& source, const Connection& target) {
  const auto numbers = source.get();
  numbers.append(2);
  target.send(numbers);
}

void hold_until_killed(const ListProxy<int>& numbers, const Connection& connection) {
  numbers.append(1);
  connection.send(true);
  connection.recv<bool>();
}
void take_and_wait(const Connection& connection) {
  hold_until_killed(connection.recv<ListProxy<int>>(), connection);
}

void count_up(const mp::managers::AcquirerProxy& lock, const mp::managers::ValueProxy<int>& counter,
              int times) {
  for (; times > 0; --times) {
    const std::scoped_lock guard(lock);
    counter.value(counter.value() + 1);
  }
}

// In the server, until they are killed.
void wait_for_item(const mp::managers::QueueProxy<int>& queue, const Connection& connection) {
  const Blocked waiting([&] { return queue.get(); });
  connection.send(true);
}
void wait_for_lock(const mp::managers::AcquirerProxy& lock, const Connection& connection) {
  const Blocked waiting([&] { return lock.acquire(); });
  connection.send(true);
}
void hold_lock(const mp::managers::AcquirerProxy& lock, const Connection& connection) {
  lock.acquire();
  lock.acquire();
  connection.send(true);
  connection.recv<bool>();
}
void wait_for_end(const mp::managers::QueueProxy<int>& queue, const Connection& connection) {
  const ListProxy<int> own = connection.recv<ListProxy<int>>();
  const Blocked waiting([&] { queue.join(); });
  connection.send(true);
}
void enter_both(const std::string& first, const std::string& second) {
  enter(first);
  enter(second);
}
void wait_for_call(const mp::managers::PoolProxy& pool, const std::string& begun,
                   const std::string& gate, const Connection& connection) {
  const ListProxy<int> own = connection.recv<ListProxy<int>>();
  const Blocked waiting([&] { pool.apply(enter_both, begun, gate); });
  open_gate(begun);
  connection.send(true);
}
void wait_for_result(const mp::managers::AsyncResultProxy<void>& result,
                     const Connection& connection) {
  const ListProxy<int> own = connection.recv<ListProxy<int>>();
  const Blocked waiting([&] { result.wait(); });
  connection.send(true);
}
void wait_for_word(const mp::managers::ConditionProxy& condition) {
  const std::scoped_lock guard(condition);
  condition.wait();
}
void wait_at_barrier(const Connection& connection) {
  const SyncManager manager = mp::Manager();
  const auto barrier = manager.Barrier(2);
  const Blocked waiting([&] { return barrier.wait(); });
  connection.send(mp::active_children().at(0).pid().value());
}
void do_nothing(const Connection& connection) {
  const SyncManager manager = mp::Manager();
  connection.send(mp::active_children().at(0).pid().value());
  connection.recv<bool>();
}

void double_all(const mp::shared_memory::ShareableList& numbers) {
  for (std::ptrdiff_t place = 0; place < std::ssize(numbers.values()); ++place)
    numbers.set(place, numbers.get<std::int64_t>(place) * 2);
}

int square(int number) { return number * number; }
int fail_with(const std::string& text) { throw tandem::ValueError(text); }
int product(int a, int b) { return a * b; }
int square_if_any(int number) {
  if (number == 0) throw tandem::ValueError("nothing");
  return square(number);
}

void refuse() { throw tandem::ValueError("no"); }

void kill_servers() {
  for (const Process& child : mp::active_children()) killed(child);
}

// Those that were forked.
void stop_servers() {
  for (const Process& child : mp::active_children()) {
    checked(::kill(child.pid().value(), SIGSTOP));
    checked(::waitpid(child.pid().value(), nullptr, WUNTRACED));
  }
}
void continue_servers() {
  for (const Process& child : mp::active_children()) checked(::kill(child.pid().value(), SIGCONT));
}

template <class Act>
bool fails(Act act) {
  try {
    act();
  } catch (const tandem::OSError&) {
    return true;
  } catch (const tandem::EOFError&) {
    return true;
  }
  return false;
}

}  // namespace

// ---- the manager

CASE("multiprocessing.managers.start.process", "a child of this process serves, until shutdown()") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    Log{"SyncManager", children(), exists(manager.address()), manager.list<int>({1, 2})};
    manager.shutdown();
    log(children(), exists(manager.address()));
  });
}
CASE("multiprocessing.managers.start.once", "a manager is started once") {
  const SyncManager manager;
  log(manager.address());
  manager.start();
  Log{raised([&] { manager.start(); }), raised([&] { manager.get_server(); })};
  manager.shutdown();
  Log{raised([&] { manager.start(); }), raised([&] { manager.get_server(); })};
}
CASE("multiprocessing.managers.start.not-started", "before that it can do nothing") {
  const SyncManager manager;
  Log{raised([&] { manager.list<int>(); }), raised([&] { manager.shutdown(); }),
      raised([&] { manager.join(); })};
}
CASE("multiprocessing.managers.start.initializer", "is called in the server's process first") {
  each_method([](const Context& context) {
    const Folder folder;
    const SyncManager manager({.ctx = context});
    manager.start(call(write_note, folder.path("notes"), "first"));
    log_notes(folder.path("notes"));
    manager.shutdown();
  });
}
CASE("multiprocessing.managers.start.server-ends",
     "EOFError when the server ends before it serves") {
  each_method([](const Context& context) {
    log(raised([&] { SyncManager({.ctx = context}).start(fail_to_begin); }));
  });
}
CASE("multiprocessing.managers.start.parent-killed", "the server ends when nobody is left") {
  for (const auto run_parent : {do_nothing, wait_at_barrier}) {
    const auto [here, there] = mp::Pipe();
    const Process parent = started(mp::get_context("fork"), run_parent, there);
    there.close();
    const auto server = here.recv<int>();
    const auto handle = std::filesystem::path("/proc") / std::to_string(server);
    EXPECT_TRUE(std::filesystem::exists(handle));
    killed(parent);
    // It has both ends of the pipe, as a copy of its parent; when it has ended, this is the last.
    EXPECT_EQ(raised([&] { here.recv<bool>(); }), "EOFError");
  }
}
CASE("multiprocessing.managers.shutdown.again",
     "may be called again, and nothing can be made after it") {
  const SyncManager manager = mp::Manager();
  const auto numbers = manager.list<int>({1});
  manager.shutdown();
  manager.shutdown();
  Log{raised([&] { manager.list<int>(); }), cannot_be_asked(numbers)};
  manager.join();
}
CASE("multiprocessing.managers.shutdown.scope", "the end of the scope is shutdown()") {
  {
    const SyncManager manager = mp::Manager();
    Log{children(), manager.list<int>({1})};
  }
  log(children());
  {
    const auto numbers = mp::Manager().list<int>({2});  // which keeps its manager
    Log{children(), numbers};
  }
  log(children());
}
CASE("multiprocessing.managers.shutdown.timeout",
     "a server that does not end is terminated after the timeout") {
  const SyncManager manager({.shutdown_timeout = times::must_expire});
  manager.start(block_for_ever);
  const auto start = now();
  manager.shutdown();
  log(now() - start >= times::must_expire, children());
}
CASE("multiprocessing.managers.shutdown.stopped", "a server that does not answer is killed") {
  const SyncManager manager(
      {.ctx = mp::get_context("fork"), .shutdown_timeout = times::must_expire});
  manager.start();
  stop_servers();
  manager.shutdown();
  EXPECT_TRUE(children().empty());
}
CASE("multiprocessing.managers.shutdown.address-again", "its address is free at once") {
  const Folder folder;
  std::vector<ListProxy<int>> kept;
  for (int number = 0; number < 3; ++number) {
    const SyncManager manager({.address = folder.path("socket")});
    manager.start();
    kept.push_back(manager.list<int>({number}));
    folder.log(manager.address()->path() + " " + shown(kept.back()));
    manager.shutdown();
  }
}
CASE("multiprocessing.managers.connect.process",
     "another process uses the objects by address and key") {
  each_method([](const Context& context) {
    const Folder folder;
    for (const auto& address : {std::optional<Address>(), std::optional(Address("localhost", 0))}) {
      const MyManager manager =
          started_manager({.address = address, .authkey = "the key", .ctx = context});
      const auto shared = manager.shared();
      run(context, add_remotely, manager.address().value(), "the key"s, folder.path("notes"));
      log_notes(folder.path("notes"));
      log(shared.call<&Calculator::add>(0));
      manager.shutdown();
    }
  });
}
CASE("multiprocessing.managers.connect.authkey", "nobody without the key gets in") {
  const SyncManager manager = mp::Manager();
  log(raised([&] { SyncManager({.address = manager.address(), .authkey = "wrong"}).connect(); }));
  Log{raised([&] { SyncManager({.address = manager.address()}).connect(); }),
      manager.list<int>({1})};
}
CASE("multiprocessing.managers.connect.nobody", "there has to be a server") {
  const Folder folder;
  log(raised([&] { SyncManager({.address = folder.path("socket")}).connect(); }));
}
CASE("multiprocessing.managers.connect.shutdown", "who has connected cannot shut it down") {
  const SyncManager manager = mp::Manager();
  const SyncManager other({.address = manager.address()});
  other.connect();
  Log{other.list<int>({1}), raised([&] { other.shutdown(); })};
}
CASE("multiprocessing.managers.get-server.serves", "a server in this process") {
  each_method([](const Context& context) {
    const auto [here, there] = mp::Pipe();
    const Process server = started(context, serve, there);
    const MyManager manager({.address = here.recv<Address>(), .authkey = "key"});
    manager.connect();
    Log{manager.calculator(1).call<&Calculator::add>(2),
        manager.shared().call<&Calculator::pid>() == server.pid()};
    server.terminate();
    server.join();
  });
}

// ---- types

CASE("multiprocessing.managers.register.methods",
     "are called in the server, with the object that was made") {
  each_method([](const Context& context) {
    const MyManager manager = started_manager({.ctx = context});
    const auto calculator = manager.calculator(5);
    Log{calculator.call<&Calculator::add>(3), calculator.call<&Calculator::divide>(2), calculator,
        manager.calculator()};
    log(calculator.call<&Calculator::pid>() != ::getpid());
    manager.shutdown();
  });
}
CASE("multiprocessing.managers.register.callable", "makes the object, or says which one it is") {
  each_method([](const Context& context) {
    const MyManager manager = started_manager({.ctx = context});
    const auto one = manager.shared(), other = manager.shared(), product = manager.product(6, 7);
    Log{one.call<&Calculator::add>(1), other.call<&Calculator::add>(1), product,
        product.call<&Calculator::add>(0), manager._number_of_objects()};
    manager.shutdown();
  });
}
CASE("multiprocessing.managers.register.proxytype", "a class of proxies of one's own") {
  const MyManager manager = started_manager();
  const AdderProxy adder = manager.adder(1);
  Log{adder.plus(1), adder.repr()};
}
CASE("multiprocessing.managers.register.not-exposed", "other methods are none") {
  const MyManager manager = started_manager();
  const auto some = manager.some(1);
  log(some.call<&Calculator::add>(1));
  const std::string error = raised([&] { some._callmethod<int>("secret"); });
  log(lines(error)[0], error.find("AttributeError: method 'secret' of <class '") != error.npos,
      error.find("object is not in exposed={") != error.npos);
}
CASE("multiprocessing.managers.register.kept", "a result that stays in the server has a proxy") {
  const MyManager manager = started_manager();
  const auto calculator = manager.calculator(5);
  const CopyProxy copy = calculator.call<&Calculator::copy>();
  Log{copy.call<&Calculator::add>(1), copy, calculator, manager._number_of_objects()};
}
CASE("multiprocessing.managers.register.unknown", "the server has to know the name") {
  const MyManager manager = started_manager();
  const BaseManager stranger({.address = manager.address()});
  const auto Unheard = stranger.register_<CalculatorProxy>("Unheard");
  stranger.connect();
  const auto said = lines(raised([&] { Unheard(); }));
  log(said.at(said.size() - 2));
}

// ---- proxies

CASE("multiprocessing.managers.proxy.exception", "what a method raises is raised here") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    Log{raised([&] { manager.list<int>().get(3); }),
        raised([&] { manager.list<int>({1}).remove(3); })};
    manager.shutdown();
  });
  const MyManager manager = started_manager();
  const auto calculator = manager.calculator();
  Log{raised([&] { calculator.call<&Calculator::divide>(0); }),
      calculator.call<&Calculator::add>(1)};
}
CASE("multiprocessing.managers.proxy.exception-traceback", "with the server's traceback in it") {
  const MyManager manager = started_manager();
  const auto calculator = manager.calculator();
  EXPECT_EQ(nested([&] { calculator.call<&Calculator::divide>(0); }),
            "RemoteTraceback: \n\"\"\"\nTraceback (most recent call last):\n"
            "ZeroDivision: division by zero\n\"\"\"");
}
CASE("multiprocessing.managers.proxy.repr", "of itself, and of the object") {
  const SyncManager manager = mp::Manager();
  const auto both = [](const auto& proxy) { log(proxy.repr(), proxy); };
  both(manager.list<int>({1}));
  both(manager.dict<std::string, int>({{"a", 1}}));
  both(manager.Value(3));
  both(manager.Array<int>({1, 2}));
  const auto own = [](const auto& proxy) { log(proxy.repr()); };
  own(manager.Namespace());
  own(manager.Queue<int>());
  own(manager.Lock());
  own(manager.RLock());
  own(manager.Semaphore());
  own(manager.BoundedSemaphore());
  own(manager.Condition());
  own(manager.Event());
  own(manager.Barrier(2));
}
CASE("multiprocessing.managers.proxy.token", "says which object it is") {
  const SyncManager manager = mp::Manager();
  const auto numbers = manager.list<int>();
  const auto& token = numbers._token();
  Log{token.typeid_, token.address == manager.address(),
      token.id == manager.list<int>()._token().id};
  const std::string text = to_string(token), address = manager.address()->path();
  const auto at = text.find(address), id = text.rfind("id='") + 4;
  std::string shortened = text.substr(0, id) + "ID" + text.substr(text.find('\'', id));
  log(shortened.replace(at, address.size(), "ADDRESS"));
}
CASE("multiprocessing.managers.proxy.value", "a copy of the object") {
  const MyManager manager = started_manager();
  const SyncManager sync = mp::Manager();
  const auto calculator = manager.calculator(3);
  const Calculator copy = calculator._getvalue();
  calculator.call<&Calculator::add>(1);
  Log{to_string(copy), calculator, sync.list<int>({1, 2})._getvalue()};
}
CASE("multiprocessing.managers.proxy.released", "an object lives as long as its proxies") {
  const SyncManager manager = mp::Manager();
  const auto second = manager.dict<int, int>();
  {
    auto first = std::optional(manager.list<int>());
    log(manager._number_of_objects());
    const auto third = *first;
    first.reset();
    log(manager._number_of_objects());
  }
  Log{manager._number_of_objects(), second};
}
CASE("multiprocessing.managers.proxy.killed", "those of a killed process are no more") {
  const SyncManager manager = mp::Manager();
  const Context spawn = mp::get_context("spawn");
  const auto [here, there] = mp::Pipe();
  const Process child = started(spawn, take_and_wait, there);
  {
    const auto numbers = manager.list<int>();
    here.send(numbers);
    here.recv<bool>();
  }
  EXPECT_EQ(manager._number_of_objects(), 1U);
  killed(child);
  EXPECT_TRUE(comes_to_hold(manager, 0));
}
CASE("multiprocessing.managers.proxy.killed-waiting", "nor do those of one that waits there") {
  const Context fork = mp::get_context("fork");
  const SyncManager manager = fork.Manager();
  const Folder folder;
  const std::vector<std::string> gates{folder.gate("a"), folder.gate("b")};
  const std::string begun = folder.gate("begun");
  const auto queue = manager.Queue<int>();
  queue.put(1);
  const auto pool = manager.Pool(2);
  const auto result = pool.apply_async(enter, gates[1]);
  const std::size_t before = manager._number_of_objects();
  const auto look_after = [&](const Process& child, const Connection& here) {
    {
      const auto own = manager.list<int>();
      here.send(own);
      here.recv<bool>();
    }
    EXPECT_EQ(manager._number_of_objects(), before + 1);
    killed(child);
    EXPECT_TRUE(comes_to_hold(manager, before));
  };
  const auto [here, there] = mp::Pipe();
  look_after(started(fork, wait_for_end, queue, there), here);
  look_after(started(fork, wait_for_call, pool, begun, gates[0], there), here);
  look_after(started(fork, wait_for_result, result, there), here);
  for (const std::string& gate : gates) open_gate(gate);
}
CASE("multiprocessing.managers.proxy.stale",
     "an object of another server at that address is another") {
  const Folder folder;
  const SyncManager first({.address = folder.path("socket")}),
      second({.address = folder.path("socket")});
  first.start();
  const auto stale = first.list<int>({1});
  first.shutdown();
  second.start();
  const auto numbers = second.list<int>({2});
  for (int attempt = 0; attempt < 3; ++attempt)
    EXPECT_NE(raised([&] { stale.append(attempt); }), "nothing");
  EXPECT_FALSE(stale == numbers);
  EXPECT_EQ(shown(numbers), "[2]");
}
CASE("multiprocessing.managers.proxy.process", "used by other processes") {
  each_method([](const Context& context) {
    const SyncManager manager({.authkey = "of its own", .ctx = context});
    manager.start();
    const auto numbers = manager.list<int>({1});
    const auto words = manager.dict<std::string, int>({{"one", 1}});
    Log{run(context, change, numbers, words), numbers, words};
  });
}
CASE("multiprocessing.managers.proxy.forked",
     "a child has its own, whatever becomes of the parent's") {
  const Context fork = mp::get_context("fork");
  const SyncManager manager = fork.Manager();
  const auto [here, there] = mp::Pipe();
  std::optional<Process> child;
  {
    const auto numbers = manager.list<int>({7});
    child = started(fork, hold_until_killed, numbers, there);
    here.recv<bool>();
  }
  EXPECT_EQ(manager._number_of_objects(), 1U);
  here.send(true);
  child->join();
  EXPECT_TRUE(comes_to_hold(manager, 0));
}
CASE("multiprocessing.managers.proxy.forked-stopped", "a fork() does not wait for it for ever") {
  const Context fork = mp::get_context("fork");
  const SyncManager manager = fork.Manager();
  const auto numbers = manager.list<int>({1});
  stop_servers();
  EXPECT_EQ(run(fork, [] {}), 0);
  continue_servers();
  EXPECT_EQ(shown(numbers), "[1]");
}
CASE("multiprocessing.managers.proxy.sent", "through queues and connections") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    const mp::Queue<ListProxy<int>> queue(context);
    const auto [here, there] = mp::Pipe();
    const Process child = started(context, pass_on, queue, there);
    const auto numbers = manager.list<int>({1});
    queue.put(numbers);
    const auto back = here.recv<ListProxy<int>>();
    child.join();
    back.append(3);
    Log{numbers, manager._number_of_objects()};
  });
}
CASE("multiprocessing.managers.proxy.on-the-way",
     "the object lives while its proxy is on the way") {
  const SyncManager manager = mp::Manager();
  const mp::Queue<ListProxy<int>> queue;
  queue.put(manager.list<int>({1, 2}));
  EXPECT_EQ(manager._number_of_objects(), 1U);
  EXPECT_EQ(shown(queue.get()), "[1, 2]");
  EXPECT_EQ(manager._number_of_objects(), 0U);
}
CASE("multiprocessing.managers.proxy.nested", "objects that hold proxies of others") {
  const SyncManager manager = mp::Manager();
  const auto inner = manager.list<int>({1});
  const auto outer = manager.list<ListProxy<int>>({inner});
  outer.get(0).append(2);
  Log{inner, outer.get(0), outer.get(0).get(1), outer.size()};
  const auto table = manager.dict<std::string, ListProxy<int>>({{"first", inner}});
  table.get("first").append(3);
  Log{inner, table.get("first")};
  const auto names = manager.Namespace();
  names.set("numbers", inner);
  names.get<ListProxy<int>>("numbers").append(4);
  log(inner);
}
CASE("multiprocessing.managers.proxy.nested-queue", "queues as well") {
  const SyncManager manager = mp::Manager();
  const auto queues = manager.list<mp::managers::QueueProxy<int>>({manager.Queue<int>()});
  queues.get(0).put(7);
  log(queues.get(0).get());
}
CASE("multiprocessing.managers.proxy.nested-released", "what holds the last proxy takes it along") {
  const SyncManager manager = mp::Manager();
  const auto outer = manager.list<ListProxy<int>>();
  outer.append(manager.list<int>({1}));
  EXPECT_EQ(manager._number_of_objects(), 2U);
  EXPECT_EQ(shown(outer.get(0)), "[1]");
  EXPECT_EQ(shown(outer.get(0)), "[1]");
  outer.pop();
  EXPECT_EQ(manager._number_of_objects(), 1U);
}
CASE("multiprocessing.managers.proxy.threads", "each thread has a thread of the server") {
  const SyncManager manager = mp::Manager();
  const auto lock = manager.RLock();
  Log{lock.acquire(), lock.acquire()};
  std::vector<std::string> said;
  said.push_back(in_thread([&] { return lock.acquire({.blocking = false}); }));
  said.push_back(in_thread([&] { return raised([&] { lock.release(); }); }));
  log("[" + said[0] + ", '" + said[1] + "']");
  lock.release();
  lock.release();
  log(raised([&] { lock.release(); }));
}
CASE("multiprocessing.managers.proxy.server-gone", "OSError or EOFError, at once") {
  const SyncManager manager = mp::Manager();
  const auto numbers = manager.list<int>({1});
  const auto event = manager.Event();
  Blocked waiting([&] { return fails([&] { event.wait(); }); });
  kill_servers();
  waiting.join();
  Log{waiting.said(), fails([&] { numbers.append(2); }), fails([&] { numbers.append(2); }),
      fails([&] { manager.list<int>(); })};
  log(cannot_be_asked(numbers));
}
CASE("multiprocessing.managers.remote-error.creation",
     "what fails in no method, the server's traceback") {
  const MyManager manager = started_manager();
  const auto text = lines(raised([&] { manager.calculator(-1); }));
  log(text.at(0), text.at(1) == std::string(75, '-'), text.at(2), text.at(text.size() - 2),
      text.back() == std::string(75, '-'));
}
CASE("multiprocessing.managers.remote-error.nested", "and what was thrown is in it") {
  const MyManager manager = started_manager();
  EXPECT_EQ(nested([&] { manager.calculator(-1); }), "ValueError: negative start");
}
CASE("multiprocessing.managers.remote-error.result", "a result that cannot be sent") {
  const MyManager manager = started_manager();
  const auto calculator = manager.calculator();
  const auto text = lines(raised([&] { calculator.call<&Calculator::not_picklable>(); }));
  log(text.at(0), text.at(2));
  log(calculator.call<&Calculator::add>(1));
}

// ---- Python's own types

CASE("multiprocessing.managers.list.methods", "as of list") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    const auto a = manager.list<int>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    Log{a,           a.get(3), a.get(-1),     a.slice(2, 5),
        a.slice(-3), a.size(), a.contains(3), a.contains(30)};
    const auto b = manager.list<int>();
    b.extend({1, 2});
    b += {3};
    b *= 2;
    Log{b, b + std::vector{9}, b.count(2), b.index(3), b.values()};
    b.insert(1, 5);
    b.append(0);
    Log{b.pop(), b.pop(0), b};
    b.remove(5);
    b.erase(-1);
    b[0] = 8;
    log(b);
    b.sort();
    log(b);
    b.reverse();
    log(b);
    b.sort(true);
    Log{b, manager.list<std::string>({"x", "it's"})};
  });
}
CASE("multiprocessing.managers.list.errors", "as of list") {
  const SyncManager manager = mp::Manager();
  const auto a = manager.list<int>({1, 2});
  Log{raised([&] { a.get(2); }), raised([&] { a.get(-3); }), raised([&] { a[2] = 1; })};
  Log{raised([&] { a.erase(5); }), raised([&] { a.pop(5); }),
      raised([&] { manager.list<int>().pop(); })};
  Log{raised([&] { a.remove(7); }), raised([&] { a.index(7); }), a};
}
CASE("multiprocessing.managers.list.iteration",
     "one by one, those that have come meanwhile included") {
  const SyncManager manager = mp::Manager();
  const auto a = manager.list<int>({1, 2, 3});
  std::vector<int> seen;
  for (const int number : a) {
    seen.push_back(number);
    if (a.size() < 5) a.append(number * 10);
  }
  log(seen);
}
CASE("multiprocessing.managers.dict.methods", "as of dict, in the order in which the keys came") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    const auto d = manager.dict<int, std::string>();
    for (const int key : {3, 1, 2}) d[key] = std::string(1, static_cast<char>('@' + key));
    Log{d, d.get(1), d.size(), d.contains(2), d.contains(9), d.keys()};
    Log{d.keys(), d.values(), d.items(), d};
    Log{d.try_get(1), d.try_get(9), d.get(9, "?"), d.setdefault(9, "I"), d.setdefault(9, "J")};
    d.update({{1, "Z"}, {5, "E"}});
    Log{d, d.pop(1), d.pop(1, "none"), d.popitem(), d};
    d.erase(3);
    log(d);
    d.clear();
    Log{d, manager.dict<std::string, double>({{"a", 1.5}})};
  });
}
CASE("multiprocessing.managers.dict.errors", "KeyError") {
  const SyncManager manager = mp::Manager();
  const auto d = manager.dict<std::string, int>({{"a", 1}});
  log(raised([&] { d.get("x"); }));
  log(raised([&] { d.pop("x"); }));
  log(raised([&] { d.erase("x"); }));
  log(raised([&] { manager.dict<int, int>().popitem(); }));
}
CASE("multiprocessing.managers.item.augmented", "+= and its like read an item and write it") {
  const SyncManager manager = mp::Manager();
  const auto d = manager.dict<std::string, int>({{"n", 7}});
  d["n"] += 3;
  d["n"] *= 4;
  d["n"] -= 1;
  d["n"] %= 10;
  d["bits"] = 12;
  d["bits"] |= 3;
  d["bits"] &= 10;
  d["bits"] ^= 2;
  d["bits"] <<= 3;
  d["bits"] >>= 1;
  const auto words = manager.dict<std::string, std::string>({{"word", "a"}});
  words["word"] += "b";
  const auto halves = manager.list<double>({1, 2});
  halves[-1] /= 4;
  const auto counts = manager.Array<int>({1, 2});
  counts[0] += counts[1];
  Log{d, words, halves, counts.get(0)};
  log(raised([&] { d["x"] += 1; }));
  log(raised([&] { halves[2] += 1; }));
}
CASE("multiprocessing.managers.namespace.attributes", "of any type, set, read and deleted") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    const auto n = manager.Namespace();
    n.set("name", "Bob");
    n.set("job", "Builder");
    n.set("_hidden", "hidden");
    n.set("count", 3);
    Log{n.get<std::string>("name"), n.get<int>("count"), n};
    n.del("job");
    n.set("name", 1.5);
    Log{n.get<double>("name"), n};
  });
}
CASE("multiprocessing.managers.namespace.errors", "AttributeError") {
  const SyncManager manager = mp::Manager();
  const auto n = manager.Namespace();
  Log{raised([&] { n.get<int>("x"); }), raised([&] { n.set("y", 1); }),
      raised([&] { n.get<int>("x"); })};
}
CASE("multiprocessing.managers.namespace.types", "a value is read as what it is") {
  const SyncManager manager = mp::Manager();
  const auto n = manager.Namespace();
  n.set("x", 1);
  const auto said = raised([&] { n.get<std::string>("x"); });
  EXPECT_TRUE(said.starts_with("UnpicklingError: expected std::")) << said;
  EXPECT_TRUE(said.ends_with(", got int")) << said;
  EXPECT_EQ(n.get<int>("x"), 1);
}
CASE("multiprocessing.managers.value.set", "a value for all") {
  const SyncManager manager = mp::Manager();
  const auto value = manager.Value(3);
  Log{value.value(), value.get(), value};
  value.value(4);
  log(value.get());
  value.set(5);
  Log{value.value(), manager.Value(0.5)};
}
CASE("multiprocessing.managers.array.items", "a row of values for all") {
  const SyncManager manager = mp::Manager();
  const auto array = manager.Array<int>({1, 2, 3});
  array[0] = 7;
  Log{array, array.get(0), array.get(-1), array.size(), manager.Array<double>({})};
  Log{raised([&] { array.get(3); }), raised([&] { array[3] = 1; })};
}
CASE("multiprocessing.managers.lock.excludes", "one at a time") {
  const SyncManager manager = mp::Manager();
  const auto lock = manager.Lock();
  Log{lock.acquire(), lock.acquire({.blocking = false}),
      lock.acquire({.timeout = times::must_expire})};
  lock.release();
  log(raised([&] { lock.release(); }));
  {
    const std::scoped_lock guard(lock);
    log(lock.acquire({.blocking = false}));
  }
  log(lock.acquire({.blocking = false}));
}
CASE("multiprocessing.managers.lock.processes", "for all processes") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    const auto lock = manager.Lock();
    const auto counter = manager.Value(0);
    std::vector<Process> counting;
    for (int child = 0; child < 3; ++child)
      counting.push_back(started(context, count_up, lock, counter, 20));
    joined(counting);
    log(counter.value());
  });
}
CASE("multiprocessing.managers.lock.killed", "a lock is not the dead's") {
  const Context fork = mp::get_context("fork");
  const SyncManager manager = fork.Manager();
  const auto lock = manager.Lock();
  lock.acquire();
  const auto [here, there] = mp::Pipe();
  const Process child = started(fork, wait_for_lock, lock, there);
  here.recv<bool>();
  killed(child);
  lock.release();
  EXPECT_TRUE(lock.acquire({.timeout = times::must_not_expire}));
}
CASE("multiprocessing.managers.lock.killed-owner", "an RLock is free again") {
  const Context fork = mp::get_context("fork");
  const SyncManager manager = fork.Manager();
  const auto lock = manager.RLock();
  const auto [here, there] = mp::Pipe();
  const Process child = started(fork, hold_lock, lock, there);
  here.recv<bool>();
  EXPECT_FALSE(lock.acquire({.blocking = false}));
  killed(child);
  EXPECT_TRUE(lock.acquire({.timeout = times::must_not_expire}));
  lock.acquire();
  lock.release();
  lock.release();
  EXPECT_EQ(raised([&] { lock.release(); }), "RuntimeError: cannot release un-acquired lock");

  EXPECT_EQ(in_thread([&] { return lock.acquire(); }), "True");
  EXPECT_TRUE(lock.acquire({.timeout = times::must_not_expire}));
}
CASE("multiprocessing.managers.lock.semaphores", "as of threading") {
  const SyncManager manager = mp::Manager();
  const auto semaphore = manager.Semaphore(2), bounded = manager.BoundedSemaphore(2);
  Log{semaphore.acquire(), semaphore.acquire(), semaphore.acquire({.blocking = false})};
  semaphore.release();
  log(semaphore.acquire({.blocking = false}));
  Log{bounded.acquire(), outcome([&] { bounded.release(); }), raised([&] { bounded.release(); })};
  const auto said = lines(raised([&] { manager.Semaphore(-1); }));
  log(said.at(said.size() - 2));
}
CASE("multiprocessing.managers.condition.wait", "as of threading") {
  const SyncManager manager = mp::Manager();
  for (const auto& condition : {manager.Condition(), manager.Condition(manager.Lock())}) {
    const auto ready = manager.Event();
    Blocked waiting([&] {
      const std::scoped_lock guard(condition);
      ready.set();
      return condition.wait(times::must_not_expire);
    });
    ready.wait();
    {
      const std::scoped_lock guard(condition);
      condition.notify();
    }
    waiting.join();
    {
      const std::scoped_lock guard(condition);
      Log{waiting.said(), condition.wait(times::must_expire)};
      Log{condition.wait_for([] { return true; }),
          condition.wait_for([] { return false; }, times::must_expire)};
      condition.notify_all();
    }
    Log{raised([&] { condition.wait(); }), raised([&] { condition.notify(); }),
        raised([&] { condition.notify_all(); })};
  }
}
CASE("multiprocessing.managers.condition.killed", "nor is what he would have been told") {
  const Context fork = mp::get_context("fork");
  const SyncManager manager = fork.Manager();
  const auto condition = manager.Condition();
  const auto comes_to_have = [&](const std::string& waiters) {
    while (!shown(condition).ends_with(", " + waiters + ")>")) std::this_thread::yield();
  };
  const Process child = started(fork, wait_for_word, condition);
  comes_to_have("1");
  Blocked waiting([&] {
    const std::scoped_lock guard(condition);
    return condition.wait(times::must_not_expire);
  });
  comes_to_have("2");
  killed(child);
  {
    const std::scoped_lock guard(condition);
    condition.notify();
  }
  waiting.join();
  EXPECT_EQ(waiting.said()[0], "True");
}
CASE("multiprocessing.managers.event.wait", "as of threading") {
  const SyncManager manager = mp::Manager();
  const auto event = manager.Event();
  Log{event.is_set(), event.wait(times::must_expire)};
  Blocked waiting([&] { return event.wait(); });
  event.set();
  waiting.join();
  Log{waiting.said(), event.is_set(), event.wait(0s)};
  event.clear();
  log(event.is_set());
}
CASE("multiprocessing.managers.barrier.wait", "as of threading") {
  const SyncManager manager = mp::Manager();
  const auto barrier = manager.Barrier(2);
  Log{barrier.parties(), barrier.n_waiting(), barrier.broken()};
  Blocked waiting([&] { return barrier.wait(); });
  const auto index = barrier.wait();
  waiting.join();
  std::vector<std::string> indices{std::to_string(index), waiting.said()[0].value()};
  std::ranges::sort(indices);
  log(indices);
  Log{raised([&] { barrier.wait(times::must_expire); }), barrier.broken()};
  barrier.reset();
  log(barrier.broken());
  barrier.abort();
  Log{barrier.broken(), raised([&] { barrier.wait(); })};
  const auto acting = manager.Barrier(1, refuse);
  Log{raised([&] { acting.wait(); }), acting.broken()};
}
CASE("multiprocessing.managers.queue.items", "as of queue.Queue") {
  each_method([](const Context& context) {
    const SyncManager manager = context.Manager();
    for (const auto& queue : {manager.Queue<int>(2), manager.JoinableQueue<int>(2)}) {
      Log{queue.empty(), queue.full(), queue.qsize()};
      queue.put(1);
      queue.put_nowait(2);
      Log{queue.full(), raised([&] { queue.put_nowait(3); }),
          raised([&] { queue.put(3, {.timeout = times::must_expire}); })};
      Log{queue.get(), queue.get({.timeout = times::brief}), raised([&] { queue.get_nowait(); })};
      queue.task_done();
      queue.task_done();
      queue.join();
      log(raised([&] { queue.task_done(); }));
    }
  });
}
CASE("multiprocessing.managers.queue.killed", "an item is not the dead's") {
  const Context fork = mp::get_context("fork");
  const SyncManager manager = fork.Manager();
  const auto queue = manager.Queue<int>();
  // The item goes to the one that is gone, unless the server has noticed that, or is slow.
  for (int round = 0; round < 10; ++round) {
    const auto [here, there] = mp::Pipe();
    const Process child = started(fork, wait_for_item, queue, there);
    here.recv<bool>();
    killed(child);
    queue.put(round);
    let_others_run();
    EXPECT_EQ(queue.get({.timeout = times::must_not_expire}), round);
  }
}
CASE("multiprocessing.managers.pool.calls", "as of Pool") {
  const SyncManager manager = mp::Manager();
  const auto pool = manager.Pool(2);
  Log{pool.apply(square, 7), pool.map(square, std::vector{0, 1, 2, 3}),
      pool.apply_async(square, 3).get()};
  const auto result = pool.map_async(square, std::vector{1, 2});
  result.wait();
  Log{result.ready(), result.successful(), result.get(times::must_not_expire)};
  log(raised([&] { pool.apply(fail_with, "no"); }));
  log(raised([&] { pool.join(); }).starts_with("ValueError"));
  pool.close();
  pool.join();
  log(raised([&] { pool.apply(square, 1); }));
}
CASE("multiprocessing.managers.pool.starmap", "with tuples of arguments") {
  const SyncManager manager = mp::Manager();
  const auto pool = manager.Pool(2);
  using Pair = std::tuple<int, int>;
  Log{pool.starmap(product, std::vector<Pair>{{2, 3}, {4, 5}}, 1),
      pool.starmap_async(product, std::vector<Pair>{{6, 7}}).get()};
}
CASE("multiprocessing.managers.pool.imap", "one by one") {
  const SyncManager manager = mp::Manager();
  const auto pool = manager.Pool(2);
  const Folder folder;
  const auto all = [](auto results) {
    std::vector<int> list;
    for (const int result : results) list.push_back(result);
    return list;
  };
  const auto squares = pool.imap(square, std::vector{1, 2, 3, 4}, 3);
  const auto first = squares.next();
  Log{first.value(), all(squares)};
  log(squares.next() ? "more" : "StopIteration");
  const auto some = pool.imap(square_if_any, std::vector{1, 0, 2});
  const auto one = some.next();
  const std::string said = raised([&] { some.next(); });
  Log{one.value(), said, some.next().value()};
  auto unordered = all(pool.imap_unordered(square, std::vector{4, 3, 2, 1}));
  std::sort(unordered.begin(), unordered.end());
  log(unordered);
  const auto none = all(pool.imap(square, std::vector<int>()));
  Log{none, raised([&] { pool.imap(square, std::vector{1}, 0); })};
  const auto blocked = pool.imap(enter, std::vector{folder.gate("gate")});
  log(raised([&] { blocked.next(times::must_expire); }));
  open_gate(folder.path("gate"));
  log(blocked.next(times::must_not_expire).value());
}
CASE("multiprocessing.managers.shared-memory.unlinked", "goes with the server") {
  each_method([](const Context& context) {
    const mp::managers::SharedMemoryManager manager({.ctx = context});
    manager.start();
    const auto numbers = manager.ShareableList({1, 2, 3});
    const auto memory = manager.SharedMemory(128);
    memory.buf()[127] = std::byte{1};
    const auto code = run(context, double_all, numbers);
    std::vector<std::int64_t> doubled;
    for (const auto& number : numbers.values()) doubled.push_back(std::get<std::int64_t>(number));
    log(code, doubled, memory.size() >= 128);
    manager.shutdown();
    for (const std::string& name : {numbers.shm().name(), memory.name()}) {
      const std::string said = raised([&] { mp::shared_memory::SharedMemory{name}; });
      log(said.substr(0, said.find(':')));
    }
  });
}
CASE("multiprocessing.managers.shared-memory.interrupted", "Ctrl-C is not for the server") {
  each_method([](const Context& context) {
    // A server whose end takes long (a checked build's) is not to be terminated.
    const mp::managers::SharedMemoryManager manager(
        {.ctx = context, .shutdown_timeout = times::must_not_expire});
    manager.start();
    const Process server = mp::active_children().at(0);
    checked(::kill(server.pid().value(), SIGINT));
    const auto numbers = manager.ShareableList({1, 2});
    log(std::vector{numbers.get<std::int64_t>(0), numbers.get<std::int64_t>(1)}, server.is_alive());
    manager.shutdown();
    log(server.exitcode());
  });
}
