# How the library and everything about it is built for its developers.
option(TANDEM_WERROR "Warnings are errors" OFF)
option(TANDEM_BENCH "Build the benchmarks" OFF)
option(TANDEM_COVERAGE "Record which lines run" OFF)
option(TANDEM_TIDY "Run clang-tidy beside the compiler" OFF)
option(TANDEM_UNITY "Compile the library's sources a dozen at a time, which takes a quarter of the time" OFF)

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

# tandem_unity(<target>): the sources of a target of the library's are compiled together, if that is wanted. Each of them
# compiles alone, too, as what users get is built that way; of the tests, consumer.shared-library tries that.
function(tandem_unity target)
  if(NOT TANDEM_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # What is nameless in a source is so in what includes the source; g++ takes that for a header.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()
