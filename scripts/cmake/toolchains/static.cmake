# This machine, by its own compiler: programs with all their libraries in them, and no loader for others.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
