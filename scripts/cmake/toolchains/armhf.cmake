# 32-bit Arm with floating point, by Debian's cross compiler.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(TANDEM_GNU_NAME arm-linux-gnueabihf)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
# A note at each argument whose place in a call changed before g++ 7, which compiled nothing of this.
set(CMAKE_CXX_FLAGS_INIT -Wno-psabi)
