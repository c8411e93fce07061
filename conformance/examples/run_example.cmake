# cmake -P: runs a program and compares what it prints with a file.
execute_process(COMMAND ${program} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
message("${printed}")
file(READ ${expected} wanted)
if(NOT printed STREQUAL wanted)
  message("---- expected:\n${wanted}")
  message(FATAL_ERROR "differs from ${expected}")
endif()
