# How the library and everything about it is built for its developers.
option(TANDEM_WERROR "Warnings are errors" OFF)
option(TANDEM_BENCH "Build the benchmarks" OFF)
option(TANDEM_COVERAGE "Record which lines run" OFF)
option(TANDEM_TIDY "Run clang-tidy beside the compiler" OFF)
option(TANDEM_PRECOMPILE "Compile once what tests of a kind include first; not where it is to be seen what each includes" OFF)
option(TANDEM_UNITY "Compile the library's sources a dozen at a time, which takes a quarter of the time" OFF)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TANDEM_CCACHE ccache)
  if(TANDEM_CCACHE)
    # Paths count from the build directory, so that another checkout finds what this one has compiled. What is
    # precompiled would else not be kept.
    set(sloppiness pch_defines,time_macros $ENV{CCACHE_SLOPPINESS})
    list(JOIN sloppiness "," sloppiness)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
                                    CCACHE_SLOPPINESS=${sloppiness} ${TANDEM_CCACHE})
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

# tandem_unity(<target>): the sources of a target of the library's are compiled a dozen at a time, if that is wanted. Each
# of them compiles alone, too, as what users get is built that way; of the tests, consumer.shared-library tries that. Not
# CMake's own way: that names each source by its whole path, which is another in every checkout.
function(tandem_unity target)
  if(NOT TANDEM_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  set(remaining "")
  set(count 0)
  set(batch -1)
  foreach(source IN LISTS sources)
    get_source_file_property(options ${source} COMPILE_OPTIONS)
    get_source_file_property(definitions ${source} COMPILE_DEFINITIONS)
    if(options OR definitions)
      list(APPEND remaining ${source})
      continue()
    endif()
    math(EXPR batch "${count} / 12")
    math(EXPR count "${count} + 1")
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/impl/src)
    string(APPEND batch_${batch} "#include \"${source}\"\n")
  endforeach()
  if(batch EQUAL -1)
    return()
  endif()
  foreach(number RANGE ${batch})
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${target}_unity/${number}.cpp)
    file(CONFIGURE OUTPUT ${file} CONTENT "${batch_${number}}" @ONLY)
    list(APPEND remaining ${file})
  endforeach()
  set_target_properties(${target} PROPERTIES SOURCES "${remaining}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # What is nameless in a source is so in what includes the source; g++ takes that for a header.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# tandem_precompiled(<target> <header>): all sources of a target begin with what that header has. With g++ only: what clang
# precompiles knows when its headers were changed, and refuses them in another checkout.
function(tandem_precompiled target header)
  if(TANDEM_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${target} PRIVATE "\"${header}\"")
  endif()
endfunction()
