# 64-bit RISC-V, for which Debian 12 has a cross compiler with its libraries, and nothing else.
set(CMAKE_SYSTEM_PROCESSOR riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/source-gtest.cmake)
# Where those libraries are, which no program of this machine looks at.
set(libraries /usr/${TANDEM_GNU_NAME}/lib)
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-Wl,--dynamic-linker=${libraries}/ld-linux-riscv64-lp64d.so.1,-rpath,${libraries},--disable-new-dtags")
# For a linker that shortens code, each distance in it is a relocation: a program of 1 MB took over a minute to link.
set(CMAKE_CXX_FLAGS_INIT -mno-relax)
