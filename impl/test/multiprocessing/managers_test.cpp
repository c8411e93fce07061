// Managers from inside: what a server does about clients that are slow, strange or killed.
#include "tandem/multiprocessing/managers.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "children.hpp"
#include "multiprocessing/manager_client.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/multiprocessing/process.hpp"

namespace tandem::multiprocessing {
namespace {

TEST(Creations, AreAllKnownWhoeverBringsThemAtOnce) {
  // A library that is loaded brings some, while another thread loads another one. They stay.
  constexpr int each = 1000;
  std::set<const detail::CreationNode*> brought[2];
  const auto bring = [](std::set<const detail::CreationNode*>& nodes) {
    for (int i = 0; i < each; ++i) nodes.insert(new detail::CreationNode(1, nullptr));
  };
  std::thread other(bring, std::ref(brought[1]));
  bring(brought[0]);
  other.join();
  const auto* const last = new detail::CreationNode(1, nullptr);
  for (const auto* node = last->next; node; node = node->next)
    for (auto& nodes : brought) nodes.erase(node);
  EXPECT_TRUE(brought[0].empty());
  EXPECT_TRUE(brought[1].empty());
}

// A server of this process, in a thread of its own.
class ServerHere {
 public:
  explicit ServerHere(const managers::BaseManager& manager)
      : server_(manager.get_server()), thread_([this] { server_.serve_forever(); }) {}
  ServerHere(const ServerHere&) = delete;
  ServerHere& operator=(const ServerHere&) = delete;
  ~ServerHere() {
    if (thread_.joinable()) shut_down();
  }

  managers::Address address() const { return server_.address(); }
  void shut_down() {
    detail::ask_once(address(), current_process().authkey(), detail::Request::SHUTDOWN);
    thread_.join();
  }

 private:
  const managers::Server server_;
  std::thread thread_;
};

// A fork() in the middle of what the server's threads do leaves nothing half-done in the child.
TEST(Server, IsWholeInAChild) {
  const ServerHere server{managers::SyncManager()};
  std::atomic<bool> done = false;
  std::thread client([&] {
    while (!done) {
      const managers::SyncManager manager({.address = server.address()});
      manager.connect();
      manager.list<int>({1});
      std::thread([&] { manager._number_of_objects(); }).join();  // a connection that comes and goes
    }
  });
  for (int round = 0; round < 50; ++round) EXPECT_EQ(Child([] { return 0; }).wait(), 0);
  done = true;
  client.join();
}

TEST(Manager, IsWholeInAChildOfAnotherThreadWhileItIsStarted) {
  const managers::SyncManager manager({.ctx = get_context("fork")});
  const auto pipe = Pipe();
  std::thread starter([&] { manager.start([gate = pipe.second] { gate.recv<bool>(); }); });
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

}  // namespace
}  // namespace tandem::multiprocessing
