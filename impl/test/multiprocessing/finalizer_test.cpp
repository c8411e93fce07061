#include "multiprocessing/finalizer.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "multiprocessing/finalizers.hpp"
#include "tandem/core/log.hpp"
#include "tandem/multiprocessing/process.hpp"

namespace {

using namespace tandem::multiprocessing;
using namespace tandem::multiprocessing::detail;

TEST(Finalizer, RunsByPriorityAndTheYoungestFirst) {
  std::string order;
  const auto say = [&order](const char* what) { return [&order, what] { order += what; }; };
  const Finalizer late(-5, say("e")), first(10, say("b")), second(10, say("a"));
  const Finalizer third(0, say("d")), fourth(3, say("c"));
  run_finalizers(0);
  EXPECT_EQ(order, "abcd");
  run_finalizers(0);
  EXPECT_EQ(order, "abcd");
  run_remaining_finalizers();
  EXPECT_EQ(order, "abcde");
}

TEST(Finalizer, IsTakenBack) {
  bool called = false;
  {
    const Finalizer gone(0, [&called] { called = true; });
  }
  run_finalizers(0);
  EXPECT_FALSE(called);
}

TEST(Finalizer, MayEndItself) {
  auto own = std::make_unique<std::unique_ptr<Finalizer>>();
  *own = std::make_unique<Finalizer>(0, [&own] { own.reset(); });
  run_finalizers(0);
  EXPECT_EQ(own, nullptr);
}

TEST(Finalizer, MayFail) {
  std::string said;
  auto former = tandem::log_sink([&said](std::string_view message) { said = message; });
  const Finalizer failing(0, [] { throw std::runtime_error("as it should"); });
  run_finalizers(0);
  tandem::log_sink(std::move(former));
  EXPECT_NE(said.find("as it should"), std::string::npos);
}

TEST(Finalizer, IsNotAForkedChilds) {
  const Finalizer parents(0, [] { std::abort(); });
  Process child([] {});
  child.start();
  child.join();
  EXPECT_EQ(child.exitcode(), 0);
}

}  // namespace
