// Could one thread alone have seen what these threads saw? Checkers of histories of queues.
//
// All of them say linearizable only when they have shown it, and unknown when they gave up.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "history.hpp"

namespace tandem::conformance {

enum class Order : std::uint8_t { fifo, lifo, priority };

struct Model {
  Order order = Order::fifo;
  std::int64_t capacity = 0;  // 0 or less: no bound
};

enum class Verdict : std::uint8_t { linearizable, violation, unknown };

struct Finding {
  Verdict verdict = Verdict::unknown;
  std::string reason;                // empty when linearizable
  std::vector<std::size_t> witness;  // search: the longest order found; aspects: who is to blame
  std::size_t steps = 0;
};
std::string to_string(Verdict verdict);
std::string explain(const Finding& finding, const History& history);  // with a chart

// Wing and Gong's search with Lowe's memory of what has been tried; for a FIFO whose values are
// distinct it looks ahead. For small histories (up to about 50 operations) of every model.
// Pending operations may have taken effect or not.
//   budget   steps after which the verdict is unknown
Finding search(const History& history, const Model& model, std::size_t budget = 1'000'000);

// The four ways in which a FIFO of distinct values can be wrong (Henzinger, Sezgin, Vafeiadis:
// Aspect-oriented linearizability proofs): a value from nowhere, a value twice, the wrong order,
// Empty when it never was. O(n log n), for large histories.
// Every operation must have returned. A bound is not checked: a put that puts nothing is passed
// over.
Finding check_aspects(const History& history);

// What linearizability alone cannot see: at the end, when nothing moves any more, no operation may
// be waiting for what is there (a lost wake-up). The history must be linearizable, and final.
Finding check_quiescence(const History& history, const Model& model);

}  // namespace tandem::conformance
