# The rooms beside the library. A room that has not been built yet is passed over.
enable_testing()
include(Dependencies)
include(Testing)
include(Python)

foreach(room IN ITEMS impl/test conformance bench scripts/lint)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${room}/CMakeLists.txt)
    add_subdirectory(${room})
  endif()
endforeach()
