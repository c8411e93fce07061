// Managers from inside: what a server does about clients that are slow, strange or killed.
#include "tandem/multiprocessing/managers.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "asleep.hpp"
#include "children.hpp"
#include "multiprocessing/manager_client.hpp"
#include "multiprocessing/manager_server.hpp"
#include "multiprocessing/segments.hpp"
#include "needs.hpp"
#include "platform/sanitizers.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/multiprocessing/process.hpp"
#include "tandem/multiprocessing/shared_memory.hpp"
#include "tandem/threading/event.hpp"

namespace tandem::multiprocessing {
namespace {

using namespace std::chrono_literals;

TEST(Creations, AreAllKnownWhoeverBringsThemAtOnce) {
  // A library that is loaded brings some, while another thread loads another one. They stay.
  using Nodes = std::deque<detail::CreationNode>;
  static Nodes* const brought[] = {new Nodes, new Nodes};  // for ever
  std::atomic<int> ready = 0;
  const auto bring = [&](Nodes& nodes) {
    for (++ready; ready < 2;) {
    }
    for (int i = 0; i < 10'000; ++i) nodes.emplace_back(1, nullptr);
  };
  std::thread other(bring, std::ref(*brought[1]));
  bring(*brought[0]);
  other.join();
  std::set<const detail::CreationNode*> known;
  for (const auto* node = new detail::CreationNode(1, nullptr); node; node = node->next)
    known.insert(node);
  for (const Nodes* const nodes : brought)
    for (const detail::CreationNode& node : *nodes) ASSERT_TRUE(known.contains(&node));
}

// A client that was killed, as what waits for it sees it.
class Dead final : public detail::Caller {
 public:
  ~Dead() override { give_back(); }

 private:
  bool is_gone() const noexcept override { return true; }
};

TEST(Caller, LeavesTheLockThatHeWouldHaveGot) {
  using detail::LockKind;
  for (const auto kind : {LockKind::LOCK, LockKind::RLOCK, LockKind::SEMAPHORE}) {
    const auto lock = detail::make_managed_lock(kind, 1);
    {
      const Dead caller;
      EXPECT_TRUE(lock->acquire(true, {}));
      EXPECT_EQ(caller.has_taken(), kind != LockKind::RLOCK);  // that is kept account of otherwise
    }
    std::thread([&] { EXPECT_TRUE(lock->acquire(false, {})); }).join();
  }
}

// One call gives back no more than it has got; an RLock is given back by who had it.
TEST(Caller, KeepsNoRLock) {
  const auto first = detail::make_managed_lock(detail::LockKind::RLOCK, 1);
  auto second = detail::make_managed_lock(detail::LockKind::RLOCK, 1);
  const auto is_free = [](detail::ManagedLock& lock) {
    bool taken = false;
    std::thread([&] {
      taken = lock.acquire(false, {});
      if (taken) lock.release();
    }).join();
    return taken;
  };
  {
    Dead caller;
    EXPECT_TRUE(first->acquire(true, {}));
    EXPECT_TRUE(second->acquire(true, {}));
    caller.keep();
    EXPECT_TRUE(first->acquire(true, {}));
    EXPECT_TRUE(second->acquire(true, {}));
    second->release();
    EXPECT_FALSE(is_free(*second));
    second->release();
    EXPECT_TRUE(is_free(*second));
    EXPECT_THROW(second->release(), RuntimeError);
    EXPECT_TRUE(second->acquire(true, {}));
    second.reset();  // with the last proxy; its owner is still there
    EXPECT_FALSE(is_free(*first));
  }
  EXPECT_TRUE(is_free(*first));
}

TEST(Caller, DoesNotWaitForALock) {
  const auto lock = detail::make_managed_lock(detail::LockKind::LOCK, 1);
  ASSERT_TRUE(lock->acquire(true, {}));
  const Dead caller;
  EXPECT_THROW(lock->acquire(true, {}), BrokenPipeError);
  EXPECT_THROW(lock->acquire(true, detail::to_send(60s)), BrokenPipeError);
  EXPECT_FALSE(lock->acquire(true, detail::to_send(1ms)));
  EXPECT_FALSE(caller.has_taken());
}

TEST(Caller, LeavesTheItemThatHeWouldHaveGot) {
  detail::ManagedQueue<std::string> queue(2);
  queue.put("first", true, {});
  queue.put("second", true, {});
  {
    const Dead caller;
    EXPECT_EQ(queue.get(true, {}), "first");
    EXPECT_EQ(queue.qsize(), 1u);
  }
  EXPECT_TRUE(queue.full());
  EXPECT_EQ(queue.get(true, {}), "first");
  EXPECT_EQ(queue.get(true, {}), "second");
  EXPECT_TRUE(queue.empty());
  queue.task_done();
  queue.task_done();
  queue.join();
}

TEST(Caller, DoesNotWaitForAnItemNorForRoom) {
  detail::ManagedQueue<int> queue(1);
  const Dead caller;
  EXPECT_THROW(queue.get(true, {}), BrokenPipeError);
  queue.put(1, true, {});
  EXPECT_THROW(queue.put(2, true, {}), BrokenPipeError);
  EXPECT_EQ(queue.qsize(), 1u);
}

TEST(Caller, DoesNotWaitForAnEvent) {
  detail::ManagedEvent event;
  const Dead caller;
  EXPECT_THROW(event.wait({}), BrokenPipeError);
  event.set();
  EXPECT_TRUE(event.wait({}));
}

TEST(Caller, LeavesTheLockThatAConditionTakesBack) {
  detail::ManagedCondition condition(nullptr);
  {
    const Dead caller;
    ASSERT_TRUE(condition.acquire(true, {}));
    EXPECT_THROW(condition.wait({}), BrokenPipeError);
  }
  std::thread([&] { EXPECT_TRUE(condition.acquire(false, {})); }).join();
}

// What is dropped with the queue counts as done.
TEST(Caller, HasNothingLeftInAQueueThatIsShutDownAtOnce) {
  detail::ManagedQueue<int> queue(0);
  queue.put(1, true, {});
  {
    const Dead caller;
    EXPECT_EQ(queue.get(true, {}), 1);
  }
  queue.shutdown(true);
  EXPECT_TRUE(queue.empty());
  queue.join();
}

// A server of this process, in a thread of its own.
class ServerHere {
 public:
  explicit ServerHere(Timeout patience = detail::ManagerServer::challenge_patience)
      : server_(std::make_shared<detail::ManagerServer>(detail::Registry{{{"list", nullptr}}},
                                                        std::nullopt, current_process().authkey(),
                                                        patience)),
        thread_([this] { server_->serve_forever(false); }) {}
  ServerHere(const ServerHere&) = delete;
  ServerHere& operator=(const ServerHere&) = delete;
  ~ServerHere() {
    if (thread_.joinable()) shut_down();
  }

  managers::Address address() const { return server_->address(); }
  void shut_down() {
    detail::ask_once(address(), current_process().authkey(), detail::Request::SHUTDOWN);
    thread_.join();
  }
  // The same, asked by a client that there is.
  void shut_down(detail::Peer& client) {
    client.ask<void>(detail::Request::SHUTDOWN);
    thread_.join();
  }

 private:
  const std::shared_ptr<detail::ManagerServer> server_;
  std::thread thread_;
};

// A fork() in the middle of what the server's threads do leaves nothing half-done in the child.
TEST(Server, IsWholeInAChild) {
#ifndef TANDEM_TSAN  // where only threads of the child are the matter
  TANDEM_NEEDS(threads_after_fork);
#endif
  const ServerHere server;
  std::atomic<bool> done = false;
  std::thread client([&] {
    while (!done) {
      const managers::SyncManager manager({.address = server.address()});
      manager.connect();
      manager.list<int>({1});
      std::thread([&] {
        manager._number_of_objects();
      }).join();  // a connection that comes and goes
    }
  });
  for (int round = 0; round < 50; ++round) EXPECT_EQ(Child([] { return 0; }).wait(), 0);
  done = true;
  client.join();
}

// Its lock is taken once for each fork().
TEST(Server, ServesTwiceAtOnceWhileAThreadForks) {
  const auto key = current_process().authkey();
  const auto server =
      std::make_shared<detail::ManagerServer>(detail::Registry{}, std::nullopt, key);
  const auto before = parked_threads();
  std::vector<std::thread> serving;
  for (int i = 0; i < 2; ++i) serving.emplace_back([&] { server->serve_forever(false); });
  wait_until_parked(before + 4);  // each has an accepter
  EXPECT_EQ(Child([] { return 0; }).wait(), 0);
  EXPECT_EQ(detail::ManagerServer::serving(server->address()), server);
  detail::ask_once(server->address(), key, detail::Request::SHUTDOWN);
  for (std::thread& thread : serving) thread.join();
  EXPECT_EQ(detail::ManagerServer::serving(), nullptr);
}

// Of a client that has to be raw.
class Socket {
 public:
  Socket() : handle_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(handle_); }

  void connect_to(const managers::Address& address) const {
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    address.path().copy(place.sun_path, sizeof place.sun_path - 1);
    ASSERT_EQ(::connect(handle_, reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  }
  // The rest of what comes, up to the end.
  std::string read_all() const {
    std::string all;
    char some[256];
    for (ssize_t size; (size = ::read(handle_, some, sizeof some)) > 0;)
      all.append(some, static_cast<std::size_t>(size));
    return all;
  }
  // A byte, and with it an open file.
  void send(char byte, int file) const {
    iovec bytes{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof file)] = {};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    std::memcpy(CMSG_DATA(header), &file, sizeof file);
    ASSERT_EQ(::sendmsg(handle_, &message, 0), 1);
  }

  int handle() const { return handle_; }

 private:
  const int handle_;
};

TEST(Server, HangsUpOnWhoDoesNotAnswerTheChallenge) {
  const ServerHere server(1s);  // in which whoever ends it has to answer, too
  const Socket silent;
  silent.connect_to(server.address());
  EXPECT_NE(silent.read_all().find("#CHALLENGE#"), std::string::npos);
}

TEST(Server, ServesOthersWhileOneIsSlow) {
  const ServerHere server(Timeout{});
  const Socket silent;
  silent.connect_to(server.address());
  const managers::SyncManager manager({.address = server.address()});
  manager.connect();
}

// Whatever a stranger sends along is closed at once.
TEST(Server, TakesNoFilesFromStrangers) {
  const ServerHere server(Timeout{});
  const Socket stranger;
  stranger.connect_to(server.address());
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  stranger.send('\0', ends[1]);  // of the length of its answer
  ::close(ends[1]);
  char nothing;
  EXPECT_EQ(::read(ends[0], &nothing, 1), 0);  // nobody has the other end
  ::close(ends[0]);
}

// Also when nobody can connect any more, since the file is gone.
TEST(Server, EndsWhereNobodyFindsIt) {
  ServerHere server;
  const auto client = detail::Peer::to(server.address(), current_process().authkey());
  client->ask<void>(detail::Request::DUMMY);
  ASSERT_TRUE(std::filesystem::remove(server.address().path()));
  server.shut_down(*client);
}

// They do not stay attached to what serves no more.
TEST(Server, CutsItsClientsOffAtItsEnd) {
  ServerHere server;
  const managers::SyncManager manager({.address = server.address()});
  manager.connect();
  const auto numbers = manager.list<int>({1});
  const Connection idle =
      connection::Client(server.address(), {.authkey = current_process().authkey()});
  server.shut_down();
  EXPECT_THROW(idle.recv_bytes(), EOFError);
  EXPECT_ANY_THROW(numbers.size());
}

std::chrono::nanoseconds processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// Without a descriptor for who connects it waits, and goes on when there is one.
TEST(Server, RestsWhileThereAreNoDescriptors) {
  const ServerHere server(Timeout{});
  const Socket waiting;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  waiting.connect_to(server.address());
  const auto before = processor_time();
  threading::Event never;
  never.wait(300ms);
  EXPECT_LT(processor_time() - before, 100ms);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  char first;
  EXPECT_EQ(::recv(waiting.handle(), &first, 1, 0), 1);  // of the challenge
}

// A server that makes and unlinks segments for years keeps a few names.
TEST(Segments, ForgetWhatIsUnlinked) {
  detail::Segments segments;
  const shared_memory::SharedMemory kept({.create = true, .size = 1, .track = false});
  segments.track(kept.name());
  for (int i = 0; i < 100; ++i) {
    const shared_memory::SharedMemory passing({.create = true, .size = 1, .track = false});
    segments.track(passing.name());
    passing.unlink();
  }
  EXPECT_LE(segments.count(), 17u);
}

TEST(Segments, AreUnlinkedAtTheEnd) {
  const shared_memory::SharedMemory kept({.create = true, .size = 1, .track = false});
  { detail::Segments().track(kept.name()); }
  EXPECT_THROW(kept.unlink(), FileNotFoundError);
}

void pass_gate(const Connection& gate) { gate.recv<bool>(); }

TEST(Manager, IsWholeInAChildOfAnotherThreadWhileItIsStarted) {
  const managers::SyncManager manager({.ctx = get_context("spawn")});
  const auto pipe = Pipe();
  std::thread starter([&] { manager.start(call(pass_gate, pipe.second)); });
  while (active_children().empty()) std::this_thread::yield();
  Child child([&] {
    ::alarm(60);
    const bool is_new = !manager.address();
    try {
      manager.connect();
    } catch (const TypeError&) {  // there is no address to connect to
      return is_new ? 0 : 1;
    }
    return 2;
  });
  EXPECT_EQ(child.wait(), 0);
  pipe.first.send(true);
  starter.join();
  EXPECT_EQ(manager.list<int>({1}).size(), 1u);
}

// Which would serve until this process has ended, and this one would wait for it.
TEST(Manager, EndsAServerThatItCannotKeepForLackOfMemory) {
  using std::string_literals::operator""s;
  const std::string name = "tandem-test-" + std::to_string(::getpid());
  const std::string file = std::filesystem::temp_directory_path() / name;
  ::unlink(file.c_str());  // a former process of this number may have been killed
  for (const auto& address : {"\0"s + name, file}) {
    const managers::SyncManager manager(
        {.address = connection::Address(address), .ctx = get_context("fork")});
    fail_at_each_allocation([&] {
      EXPECT_NE(::access(file.c_str(), F_OK), 0);  // left by what has failed
      manager.start();
    });
    EXPECT_EQ(manager.list<int>({1}).size(), 1u);
  }
}

}  // namespace
}  // namespace tandem::multiprocessing
