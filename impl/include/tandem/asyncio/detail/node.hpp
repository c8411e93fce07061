// What a loop runs: intrusive, so that nothing is allocated to have it run.
#pragma once
#include <string>

#include "tandem/core/export.hpp"

namespace tandem::inline v1 {
namespace detail {}
}  // namespace tandem::inline v1

namespace tandem::inline v1::asyncio::detail {

using namespace v1::detail;

class FutureState;
struct Node;

// What a kind of node can do; there is one table for each kind.
struct NodeOps {
  // Its turn has come; the node may be gone afterwards. Throws nothing but what has to end the loop
  // (KeyboardInterrupt, SystemExit).
  void (*run)(Node& node);
  // It will never run: gives back what it holds. The node may be gone afterwards.
  void (*drop)(Node& node) noexcept;
  // The future that it waits for is done. Returns whether it has to go to the ready queue. Null: it
  // has to.
  bool (*arm)(Node& node, FutureState& future) noexcept;
  // For reports and repr().
  std::string (*describe)(const Node& node);
};

// One place in one list at a time: the callbacks of a future, or a loop's ready queue.
struct Node {
  constexpr explicit Node(const NodeOps& operations) noexcept : ops(&operations) {}

  Node* next = nullptr;
  const NodeOps* ops;
};

// A node that waits in a loop's heap. As in CPython a cancelled one stays there until its time has
// come, or until there are too many such.
struct Timer : Node {
  using Node::Node;

  bool cancelled = false;  // ready or in the heap, it will not run
  bool scheduled = false;  // in the heap
};

}  // namespace tandem::inline v1::asyncio::detail
