# A python3 that can be asked live. Without one its tests are there all the same, and say that they are skipped.
find_program(TANDEM_PYTHON NAMES python3 python)
set(TANDEM_LIVE_PYTHON "" CACHE INTERNAL "The python3 that live tests ask")
if(TANDEM_PYTHON)
  execute_process(
    COMMAND ${TANDEM_PYTHON} -c
            "import sys; sys.exit(sys.version_info < (3, 8) or sys.implementation.name != 'cpython')"
    RESULT_VARIABLE too_old
    OUTPUT_QUIET ERROR_QUIET)
  if(too_old EQUAL 0)
    set(TANDEM_LIVE_PYTHON ${TANDEM_PYTHON} CACHE INTERNAL "The python3 that live tests ask")
  endif()
endif()

# tandem_python_test(<name> <script> <argument>...): a ctest test that needs Python, labels unit and python.
function(tandem_python_test name script)
  if(TANDEM_LIVE_PYTHON)
    add_test(NAME ${name} COMMAND ${TANDEM_LIVE_PYTHON} -B ${script} ${ARGN})
  else()
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "SKIP(no python3 >= 3.8): ${name}")
  endif()
  set_tests_properties(
    ${name}
    PROPERTIES TIMEOUT 300
               LABELS "unit;python"
               ENVIRONMENT "${TANDEM_TEST_ENVIRONMENT}"
               SKIP_REGULAR_EXPRESSION "^SKIP\\(")
endfunction()

# tandem_live_tests(<target> <file>...): for each primitive's file of cases, live.<module>.<primitive> has this
# machine's python3 run the twins now and compares with what our executable says now.
function(tandem_live_tests target)
  foreach(file IN LISTS ARGN)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/conformance)
    string(REGEX REPLACE "_test\\.cpp$" "" primitive ${file})
    set(twin ${PROJECT_SOURCE_DIR}/reference/${primitive}.py)
    string(REPLACE "/" "." name ${primitive})
    if(EXISTS ${twin})
      tandem_python_test(live.${name} ${PROJECT_SOURCE_DIR}/reference/record.py --live ${twin} --executable
                         $<TARGET_FILE:${target}>)
    endif()
  endforeach()
endfunction()

# tandem_conformance_suite(<module> <file>...): conformance_<module> with a ctest test per case, and its live tests.
function(tandem_conformance_suite module)
  tandem_test_executable(
    conformance_${module}
    SOURCES ${ARGN}
    LIBRARIES tandem_conformance_harness
    LABELS unit case)
  tandem_live_tests(conformance_${module} ${ARGN})
endfunction()
