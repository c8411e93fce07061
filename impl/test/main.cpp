#include <gtest/gtest.h>

#include "tandem/multiprocessing/context.hpp"

int main(int argc, char** argv) {
  tandem::multiprocessing::freeze_support(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
