# cmake -P: asks a test executable for its tests and writes them down for ctest.
execute_process(COMMAND ${emulator} ${executable} --gtest_list_tests OUTPUT_VARIABLE listing
                COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" lines "${listing}")

set(runner "")
foreach(word IN LISTS emulator)
  string(APPEND runner "[[${word}]] ")
endforeach()
set(script "")
foreach(line IN LISTS lines)
  if(line MATCHES "^([^ ]+)\\.( +#.*)?$")
    set(suite ${CMAKE_MATCH_1})
  elseif(line MATCHES "^  ([^ ]+)")
    set(test ${suite}.${CMAKE_MATCH_1})
    string(REPLACE "-" "?" filter ${test})
    string(APPEND script "add_test([[${test}]] ${runner}[[${executable}]] [[--gtest_filter=${filter}]])\n"
           "set_tests_properties([[${test}]] PROPERTIES TIMEOUT 300 LABELS [[${labels}]]\n"
           "  ENVIRONMENT [[${environment}]] SKIP_REGULAR_EXPRESSION [[\\[  SKIPPED]]\n"
           "  FAIL_REGULAR_EXPRESSION [[Running 0 tests]])\n")
  endif()
endforeach()
file(WRITE ${output} "${script}")
