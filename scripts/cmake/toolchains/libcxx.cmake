# This machine, by clang with its own standard library, which has std::jthread, as tests use it, among its experiments.
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_FLAGS_INIT "-stdlib=libc++ -fexperimental-library")
include(${CMAKE_CURRENT_LIST_DIR}/source-gtest.cmake)
