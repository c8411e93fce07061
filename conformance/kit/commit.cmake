# cmake -D FILE=… -P commit.cmake: writes which commit these sources are of, and whether they are changed, in the words of
# scripts/lib/results.py.
execute_process(
  COMMAND git describe --always --dirty --abbrev=12
  WORKING_DIRECTORY ${CMAKE_CURRENT_LIST_DIR}
  OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(commit STREQUAL "")
  set(commit unknown)
endif()
file(WRITE ${FILE} "${commit}\n")
