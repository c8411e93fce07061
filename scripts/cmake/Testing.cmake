# What every test executable has in common.
set(TANDEM_TIME_SCALE 1 CACHE STRING "Factor on the named times: more for slow targets")

# The options of the sanitizers mean nothing where there is none.
set(TANDEM_TEST_ENVIRONMENT
    TANDEM_TIME_SCALE=${TANDEM_TIME_SCALE}
    ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=${CMAKE_CURRENT_LIST_DIR}/tsan.supp
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1)

# Enough to see what a sanitizer sees: the cases and the white box tests.
add_custom_target(reduced)

# tandem_discover_tests(<target> LABELS <label>... [ENVIRONMENT <assignment>...]): a ctest test for each test of GoogleTest in it.
# Not gtest_discover_tests: to --gtest_filter the "-" in our ids means "but not", so that it would
# run nothing and pass; and it takes no lists.
function(tandem_discover_tests target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LABELS;ENVIRONMENT")
  list(PREPEND arg_ENVIRONMENT ${TANDEM_TEST_ENVIRONMENT})
  set(tests ${CMAKE_CURRENT_BINARY_DIR}/${target}_tests.cmake)
  add_custom_command(
    TARGET ${target}
    POST_BUILD
    COMMAND
      ${CMAKE_COMMAND} -D "emulator=${CMAKE_CROSSCOMPILING_EMULATOR}" -D "executable=$<TARGET_FILE:${target}>" -D "output=${tests}" -D
      "labels=${arg_LABELS}" -D "environment=${arg_ENVIRONMENT}" -P
      ${PROJECT_SOURCE_DIR}/scripts/cmake/DiscoverTests.cmake
    VERBATIM)
  set(include ${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake)
  file(CONFIGURE OUTPUT ${include} @ONLY
       CONTENT [[include("@tests@" OPTIONAL RESULT_VARIABLE found)
if(NOT found)
  add_test(@target@.is-not-built false)
endif()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${include})
endfunction()

# tandem_test_executable(<name> SOURCES <file>... [LIBRARIES <target>...] [LABELS <label>...]
#                        [ENVIRONMENT <assignment>...] [OVER <target>])
# Over tandem::tandem unless told; label "unit" unless told. A second label says what kind of test it is.
function(tandem_test_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OVER" "SOURCES;LIBRARIES;LABELS;ENVIRONMENT")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_OVER)
    set(arg_OVER tandem::tandem)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_OVER} ${arg_LIBRARIES})
  tandem_warnings(${name})
  tandem_discover_tests(${name} LABELS ${arg_LABELS} ENVIRONMENT ${arg_ENVIRONMENT})
  # An event loop is one thread's: for what other threads do to it the white box tests are enough.
  if(arg_LABELS MATCHES "case|white-box" AND NOT "${TANDEM_SANITIZE}/${name}" STREQUAL
                                             "thread/conformance_asyncio")
    add_dependencies(reduced ${name})
  endif()
endfunction()
