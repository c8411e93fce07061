# 32-bit x86, by Debian's cross compiler. A 64-bit one runs it by itself.
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_LIBRARY_ARCHITECTURE i386-linux-gnu)
set(TANDEM_EMULATED i386)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
if(CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL "x86_64")
  unset(CMAKE_CROSSCOMPILING_EMULATOR)
endif()
