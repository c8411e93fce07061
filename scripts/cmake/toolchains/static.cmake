# This machine, by its own compiler: programs with all their libraries in them, and no loader for others. At a random place:
# CONTRIBUTING.md says what breaks at a fixed one.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static-pie)
