# cmake -D FILE=… -P commit.cmake: writes which commit these sources are of, and whether they are changed, in the words of
# scripts/lib/results.py. Nobody's index is written by it, nor the file where it says so already.
cmake_minimum_required(VERSION 3.25)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
cmake_path(GET root PARENT_PATH root)

function(ask_git answer)
  execute_process(
    COMMAND git --no-optional-locks ${ARGN}
    WORKING_DIRECTORY ${root}
    OUTPUT_VARIABLE said
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(${answer} "${said}" PARENT_SCOPE)
endfunction()

ask_git(top rev-parse --show-toplevel)
ask_git(commit rev-parse --short=12 HEAD)
ask_git(changes status --porcelain)
file(REAL_PATH "${root}" root)
# Sources that were unpacked within another's repository have no commit of their own.
if(NOT top STREQUAL root OR commit STREQUAL "" OR commit STREQUAL HEAD)
  set(commit unknown)
elseif(NOT changes STREQUAL "")
  string(APPEND commit -dirty)
endif()
file(CONFIGURE OUTPUT ${FILE} CONTENT "${commit}\n" @ONLY)
