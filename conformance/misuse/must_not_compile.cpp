// One misuse for each case: with the macro defined this file must be rejected, without any it
// must compile. WHY names a word of the diagnostic to look for where there is a readable one.
#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tandem/asyncio.hpp>
#include <tandem/futures.hpp>
#include <tandem/futures/process.hpp>
#include <tandem/multiprocessing.hpp>
#include <tandem/pickle.hpp>
#include <tandem/queue.hpp>
#include <tandem/subprocess.hpp>
#include <tandem/threading.hpp>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace tandem;
namespace mp = tandem::multiprocessing;

// The copy/move rules, in every compilation of this file.
template <class... T>
constexpr bool pinned = ((!std::copy_constructible<T> && !std::move_constructible<T>)&&...);
template <class... T>
constexpr bool handle = (std::copyable<T> && ...);
static_assert(pinned<queue::Queue<int>, queue::LifoQueue<int>, queue::PriorityQueue<int>,
                     queue::SimpleQueue<int>, threading::Lock, threading::RLock,
                     threading::Condition, threading::Event, threading::Semaphore,
                     threading::Barrier, threading::local<int>, futures::ThreadPoolExecutor,
                     futures::ProcessPoolExecutor, subprocess::PipeFile, subprocess::ScopedPopen>);
template <class... T>
constexpr bool move_only = ((!std::copy_constructible<T> && std::movable<T>)&&...);
static_assert(move_only<subprocess::Popen, mp::Pool>);
static_assert(std::copyable<subprocess::PopenOptions> && std::copyable<subprocess::Command> &&
              std::copyable<subprocess::CompletedProcess>);
static_assert(handle<futures::Future<int>, futures::Future<void>, futures::Future<int&>,
                     threading::Thread, threading::Timer, mp::Process, mp::Queue<int>, mp::Lock,
                     mp::Connection, mp::Value<int>, mp::AsyncResult<int>>);
static_assert(std::copyable<pickle::PortableCall>);

int square(int x) { return x * x; }
template <futures::Executor E>
void generic(E&) {}

class Ticker : public threading::Thread {
  void run() override {}
  threading::Event stop_;
};

void all() {
  queue::Queue<int> q;
  queue::Queue<std::unique_ptr<int>> owners;
  auto owner = std::make_unique<int>(1);
  threading::Thread t([] {});
  threading::Lock lock;
  futures::ThreadPoolExecutor threads(1);
  subprocess::Popen p({"true"});
  futures::ProcessPoolExecutor processes(1);
  mp::Pool pool(1);
  [[maybe_unused]] auto [conn1, conn2] = mp::Pipe();
  int n = 0;
  [[maybe_unused]] auto capturing = [&n](int x) { return x + n; };
  auto number = threads.submit(square, 1);
  generic(threads);
  generic(processes);
  auto ticker = threading::make_thread<Ticker>();

#ifdef CASE_10
  auto copy = q;
#endif
#ifdef CASE_11
  auto moved = std::move(q);
#endif
#ifdef CASE_12  // unique_ptr has to be moved
  owners.put(owner);
#endif
#ifdef CASE_76  // WHY ComparesByDefault: it would call a null pointer
  queue::PriorityQueue<int, bool (*)(int, int)> null;
#endif
#ifdef CASE_13
  auto copy = lock;
#endif
#ifdef CASE_14
  std::vector<threading::Event> events(1);
  events.push_back(threading::Event());
#endif
#ifdef CASE_15
  auto copy = threads;
#endif
#ifdef CASE_16
  auto moved = std::move(processes);
#endif
#ifdef CASE_17
  auto copy = pool;
#endif
#ifdef CASE_18
  auto copy = p;
#endif
#ifdef CASE_19  // 5 what?
  t.join(5);
#endif
#ifdef CASE_20  // wrong number of arguments
  threading::Thread wrong(square, 1, 2);
#endif
#ifdef CASE_21  // a subclass with pinned members is not copied
  Ticker copy(*ticker);
#endif
#ifdef CASE_22  // not a thread
  threading::make_thread<queue::Queue<int>>();
#endif
#ifdef CASE_23
  threading::Thread nothing({.target = 42});
#endif
#ifdef CASE_24  // without std::ref an argument is copied
  threading::Thread copies([](queue::Queue<int>&) {}, q);
#endif
#ifdef CASE_25  // 5 what?
  threading::Timer seconds(5, [] {});
#endif
#ifdef CASE_26  // no such constructor of int
  threading::local<int> local("text", 2);
#endif
#ifdef CASE_27  // cannot be taken
  threading::Condition over_nothing(q);
#endif
#ifdef CASE_28  // a deadline is not a timeout
  threading::Barrier(2).wait(std::chrono::steady_clock::now());
#endif

#ifdef CASE_30
  subprocess::run(nullptr);
#endif
#ifdef CASE_31
  subprocess::run({"ls", nullptr});
#endif
#ifdef CASE_32  // one brace too many: would be a pair of iterators
  subprocess::run({{"ls", "-l"}});
#endif
#ifdef CASE_33
  subprocess::run({{{"ls", "-l"}}});
#endif
#ifdef CASE_39  // no command at all
  subprocess::run({});
#endif
#ifdef CASE_29
  subprocess::Popen wrong({{"ls", "-l"}});
#endif
#ifdef CASE_34
  subprocess::run({"sleep", 5});
#endif
#ifdef CASE_35
  subprocess::run({"cat"}, {.stdin_ = nullptr});
#endif
#ifdef CASE_36  // a file name is no open file
  subprocess::run({"cat"}, {.stdin_ = "input.txt"});
#endif
#ifdef CASE_37  // seconds?
  subprocess::run({"cat"}, {.timeout = 5});
#endif
#ifdef CASE_38
  subprocess::run(42);
#endif

#ifdef CASE_40  // WHY captures nothing
  pool.map(capturing, {1, 2, 3});
#endif
#ifdef CASE_41  // WHY captures nothing
  pool.apply_async(capturing, 1);
#endif
#ifdef CASE_42  // WHY captures nothing
  processes.submit(capturing, 1);
#endif
#ifdef CASE_43  // WHY captures nothing
  processes.map(capturing, std::vector{1, 2});
#endif
#ifdef CASE_44  // WHY argument cannot be sent
  pool.apply([](int* x) { return *x; }, &n);
#endif
#ifdef CASE_45  // WHY argument cannot be sent
  pool.apply([](int& x) { return x; }, std::ref(n));
#endif
#ifdef CASE_46  // WHY argument cannot be sent
  processes.submit([](std::string_view s) { return s.size(); }, std::string_view("x"));
#endif
#ifdef CASE_47  // WHY captures nothing
  futures::ProcessPoolExecutor wrong({.initializer = [&n] { ++n; }});
#endif
#ifdef CASE_48  // WHY cannot be pickled
  conn1.send(&n);
#endif
#ifdef CASE_49  // WHY cannot be pickled
  mp::Queue<std::string_view> views;
  views.put("x");
  views.get();
  views.try_put("x");
  views.try_get();
#endif
#ifdef CASE_50  // not one block of memory
  mp::Value<std::string> text;
#endif
#ifdef CASE_51  // WHY cannot be pickled
  conn1.send(std::string_view("x"));
#endif
#ifdef CASE_52  // WHY result of this call
  pool.apply([](int x) { return std::make_shared<int*>(nullptr); }, 1);
#endif
#ifdef CASE_53  // WHY cannot be pickled
  pickle::dumps(&n);
#endif
#ifdef CASE_54  // WHY cannot be pickled
  pickle::dumps(std::vector<std::string_view>{"x"});
#endif
#ifdef CASE_55  // WHY cannot be pickled: a class with more than its bytes has to say how
  pickle::dumps(lock);
#endif
#ifdef CASE_56  // WHY captures nothing
  pickle::PortableCall wrong(std::function<void()>([] {}));
#endif
#ifdef CASE_57  // WHY argument cannot be sent
  pickle::PortableCall wrong(call([](int* x) { ++*x; }, &n));
#endif
#ifdef CASE_58  // WHY captures nothing: a method goes as fn<&C::method>
  pickle::PortableCall wrong(call(&std::string::size, "text"));
#endif
#ifdef CASE_59  // WHY by its what()
  [[maybe_unused]] auto codec = pickle::detail::exception_codec<threading::Lock>();
#endif

#ifdef CASE_60  // a result is shared
  number.result() = 1;
#endif
#ifdef CASE_61
  futures::Future<int>().set_result("text");
#endif
#ifdef CASE_62
  futures::Future<void>().set_result(1);
#endif
#ifdef CASE_63
  futures::Future<std::string> text = number;
#endif
#ifdef CASE_64
  generic(q);
#endif
#ifdef CASE_65
  futures::wait(std::vector{1, 2});
#endif
#ifdef CASE_66  // the callback is given a Future<int>
  number.add_done_callback([](const std::string&) {});
#endif

#ifdef CASE_72  // too few workers is a count, not a flag
  futures::ThreadPoolExecutor wrong(true);
#endif
}

asyncio::Coroutine<int> coroutine() { co_return 1; }

asyncio::Coroutine<int> awaits() {
  auto named = coroutine();
#ifdef CASE_73  // WHY awaited by co_await std::move
  co_return co_await named;
#endif
#ifdef CASE_74  // WHY awaited by co_await std::move
  int sum = 0;
  std::vector<asyncio::Coroutine<int>> several;
  for (auto& each : asyncio::as_completed(std::move(several))) sum += co_await each;
  co_return sum;
#endif
#ifdef CASE_75  // WHY awaited by co_await std::move
  asyncio::Queue<int> q;
  auto item = q.get();
  co_return co_await item;
#endif
  co_return co_await std::move(named);
}
