# How the library and everything about it is built for its developers.
option(TANDEM_WERROR "Warnings are errors" OFF)
option(TANDEM_BENCH "Build the benchmarks" OFF)
option(TANDEM_COVERAGE "Record which lines run" OFF)
option(TANDEM_TIDY "Run clang-tidy beside the compiler" OFF)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TANDEM_CCACHE ccache)
  if(TANDEM_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TANDEM_CCACHE})
  endif()
endif()

if(TANDEM_TIDY)
  find_program(TANDEM_CLANG_TIDY NAMES clang-tidy-19 clang-tidy-18 clang-tidy-17 clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${TANDEM_CLANG_TIDY} --quiet)
endif()

if(TANDEM_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

include(Warnings)
include(Sanitizers)
