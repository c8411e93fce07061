# What the tests and tools use: the system's package where there is one, else its source.
include(FetchContent)

# tandem_dependency(<package> <repository> <commit or tag>): both ways under the package's name.
macro(tandem_dependency package repository tag)
  FetchContent_Declare(
    ${package}
    GIT_REPOSITORY https://github.com/${repository}
    GIT_TAG ${tag}
    SYSTEM
    FIND_PACKAGE_ARGS)
  FetchContent_MakeAvailable(${package})
endmacro()

set(INSTALL_GTEST OFF)
set(JSON_Install OFF)
tandem_dependency(GTest google/googletest v1.14.0)
option(TANDEM_RAPIDCHECK "Build what makes random programs and schedules, which takes RapidCheck" ON)
if(TANDEM_RAPIDCHECK)
  tandem_dependency(rapidcheck emil-e/rapidcheck 08b505857e32d52a20b2240b5125d937d67a6d86)
endif()
tandem_dependency(nlohmann_json nlohmann/json v3.11.3)
tandem_dependency(CLI11 CLIUtils/CLI11 v2.4.2)

if(TANDEM_BENCH)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  tandem_dependency(benchmark google/benchmark v1.8.3)
endif()
