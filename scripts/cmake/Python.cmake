# Tests that a python3 runs: one CPython, the first on the PATH or the one that TANDEM_PYTHON names ("OFF" for none).
# Without one these tests are there all the same, and ctest counts and shows them as skipped.
find_program(TANDEM_PYTHON NAMES python3 python DOC "The python3 that runs tests; OFF for none")
set(TANDEM_PYTHON_VERSION 0)
if(TANDEM_PYTHON)
  execute_process(
    COMMAND ${TANDEM_PYTHON} -c
            "import sys; print(*sys.version_info[:2] * (sys.implementation.name == 'cpython'), sep='.')"
    OUTPUT_VARIABLE printed
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(printed MATCHES "^3\\.[0-9]+$")
    set(TANDEM_PYTHON_VERSION ${printed})
  endif()
endif()
if(TANDEM_PYTHON_VERSION)
  message(STATUS "Tests are run by ${TANDEM_PYTHON}, CPython ${TANDEM_PYTHON_VERSION}")
else()
  message(STATUS "No CPython 3: the tests that need one are skipped")
endif()

# tandem_python_test(<name> COMMAND <script> <argument>... [SINCE <version>] [LABELS <label>...] [TIMEOUT <seconds>]
#                    [ENVIRONMENT <assignment>...])
# Unless told: for Python 3.8 and later, labels unit and python, 300 seconds.
function(tandem_python_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SINCE;TIMEOUT" "COMMAND;LABELS;ENVIRONMENT")
  if(NOT arg_SINCE)
    set(arg_SINCE 3.8)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit python)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  list(PREPEND arg_ENVIRONMENT ${TANDEM_TEST_ENVIRONMENT})
  if(TANDEM_PYTHON_VERSION VERSION_GREATER_EQUAL arg_SINCE)
    add_test(NAME ${name} COMMAND ${TANDEM_PYTHON} -B ${arg_COMMAND})
  else()
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "SKIP(no python3 >= ${arg_SINCE}): ${name}")
  endif()
  set_tests_properties(
    ${name}
    PROPERTIES TIMEOUT ${arg_TIMEOUT}
               LABELS "${arg_LABELS}"
               ENVIRONMENT "${arg_ENVIRONMENT}"
               SKIP_REGULAR_EXPRESSION "^SKIP\\(")
endfunction()
