# TANDEM_SANITIZE=address|undefined|address,undefined|thread watches the library and everything that
# links it.
set(TANDEM_SANITIZE "" CACHE STRING "address, undefined, both (address,undefined), thread, or nothing")
set_property(CACHE TANDEM_SANITIZE PROPERTY STRINGS "" address undefined address,undefined thread)

if(TANDEM_SANITIZE)
  set(TANDEM_SANITIZE_FLAGS -fsanitize=${TANDEM_SANITIZE} -fno-sanitize-recover=all
                            -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TANDEM_SANITIZE})
  if(TANDEM_SANITIZE STREQUAL "address,undefined")
    # With both, destructors of g++ wipe the pointer that virtual calls need; but daemons may use
    # statics that are destroyed during exit. The check is made by the build with undefined alone.
    list(APPEND TANDEM_SANITIZE_FLAGS -fno-sanitize=vptr)
  endif()
  add_compile_options(${TANDEM_SANITIZE_FLAGS})
  if(TANDEM_SANITIZE MATCHES "undefined" AND NOT BUILD_SHARED_LIBS AND NOT CMAKE_POSITION_INDEPENDENT_CODE)
    # At a place known beforehand: else millions of addresses, of what the checks know of each place and type, are put
    # right at each start, which took a case of asyncio's 0.09 of 0.21 s.
    add_compile_options(-fno-pie)
    add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ says so itself: under a sanitizer this warning is often wrong (here: inside <regex>).
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  if(TANDEM_SANITIZE MATCHES "address" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION
                                                                                    VERSION_LESS 13)
    set(fork_guard_source ${CMAKE_CURRENT_LIST_DIR}/asan_fork.cpp)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${fork_guard_source})
    file(MD5 ${fork_guard_source} fork_guard) # part of the name, so that a change of it is linked
    set(fork_guard ${CMAKE_BINARY_DIR}/asan_fork-${fork_guard}.o)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -O2 -g1 -fPIC -fno-omit-frame-pointer -c ${fork_guard_source} -o
                            ${fork_guard} COMMAND_ERROR_IS_FATAL ANY)
    # In a library the sanitizer would take these functions for those that it replaces.
    add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${fork_guard}>)
  endif()
  if(TANDEM_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan) # std::atomic_thread_fence, used in the standard library
  endif()
endif()
