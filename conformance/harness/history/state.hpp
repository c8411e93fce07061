// The queue of the search: every step can be undone, and has a fingerprint.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "linearizability.hpp"

namespace tandem::conformance {

// 128 bits, so that two states are taken for one another about never: that would hide an order.
struct Fingerprint {
  std::uint64_t low = 0, high = 0;
  friend Fingerprint operator^(Fingerprint a, Fingerprint b) {
    return {a.low ^ b.low, a.high ^ b.high};
  }
  friend bool operator==(Fingerprint, Fingerprint) = default;
};
Fingerprint fingerprint(std::uint64_t a, std::uint64_t b, std::uint64_t salt);

class State {
 public:
  State(const Model& model, std::uint64_t salt) : model_(model), salt_(salt) {}
  // False, and nothing has happened, when the operation cannot have this outcome now.
  bool step(const Operation& operation);
  void undo();  // the last step
  Fingerprint mark() const { return mark_; }
  std::size_t size() const { return items_.size() - head_; }

 private:
  struct Step {
    Kind kind;
    bool changed;
    std::int64_t value;  // of a get
    Fingerprint mark;    // before
    std::size_t head;    // before
    bool closed;         // before
    std::vector<std::int64_t> drained;
  };

  bool possible(const Operation& operation) const;
  bool has_room() const;
  std::int64_t front() const;
  std::size_t place_of(std::int64_t value) const;
  void add(std::int64_t value);
  void remove(std::int64_t value);
  void take();
  void drain(Step& step);
  void toggle(std::int64_t value, std::size_t place);

  Model model_;
  std::uint64_t salt_;
  std::vector<std::int64_t> items_;  // fifo: from head_ on; lifo: a stack; priority: falling
  std::size_t head_ = 0;
  bool closed_ = false;
  Fingerprint mark_;
  std::vector<Step> steps_;
};

}  // namespace tandem::conformance
