// What programs on futures have in common: operations on futures that are addressed by index.
#pragma once
#include <optional>
#include <tandem/futures.hpp>
#include <vector>

#include "programs.hpp"

namespace tandem::conformance {

using Future = futures::Future<int>;

class FutureOperations {
 public:
  FutureOperations() = default;
  FutureOperations(const FutureOperations&) = delete;
  FutureOperations& operator=(const FutureOperations&) = delete;
  virtual ~FutureOperations() = default;

  // The operation's value, or nothing when it is not one of these.
  std::optional<Json> run(const Step& step) const;

  const Future& at(std::size_t index) const;
  const std::vector<Future>& all() const { return futures_; }
  std::size_t add(Future future);

 protected:
  virtual bool is_left_out(const Future&) const { return false; }  // of wait and as_completed

 private:
  std::vector<Future> some(const Json& indices) const;
  template <class Set>
  Json indices(const Set& set) const;
  Json wait(const Step& step) const;
  Json as_completed(const Step& step) const;

  std::vector<Future> futures_;
};

}  // namespace tandem::conformance
