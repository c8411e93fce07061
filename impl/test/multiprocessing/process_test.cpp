// Processes that can hardly be started.
#include "tandem/multiprocessing/process.hpp"

#include <gtest/gtest.h>

#include "children.hpp"
#include "tandem/multiprocessing/context.hpp"

namespace tandem::multiprocessing {
namespace {

void do_nothing() {}

TEST(Process, IsNoChildWhereMemoryRunsShort) {
  for (const char* const method : {"fork", "spawn"}) {
    const Process process = get_context(method).Process(do_nothing);
    fail_at_each_allocation([&] { process.start(); });
    EXPECT_EQ(active_children().size(), 1u);
    process.join();
    EXPECT_EQ(process.exitcode(), 0);
  }
}

}  // namespace
}  // namespace tandem::multiprocessing
