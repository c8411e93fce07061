// Managers from inside: what a server does about clients that are slow, strange or killed.
#include "tandem/multiprocessing/managers.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <thread>

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

}  // namespace
}  // namespace tandem::multiprocessing
