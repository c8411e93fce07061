# What Debian's cross compilers have in common. Libraries are those of the foreign architecture, which apt installs beside
# our own (multiarch); programs run under qemu-user. Where the names are unlike that of the processor, who includes this
# has said them: TANDEM_GNU_NAME (the compiler's), CMAKE_LIBRARY_ARCHITECTURE (the libraries'), TANDEM_EMULATED (qemu's).
set(CMAKE_SYSTEM_NAME Linux)
if(NOT TANDEM_GNU_NAME)
  set(TANDEM_GNU_NAME ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)
endif()
if(NOT CMAKE_LIBRARY_ARCHITECTURE)
  set(CMAKE_LIBRARY_ARCHITECTURE ${TANDEM_GNU_NAME})
endif()
if(NOT TANDEM_EMULATED)
  set(TANDEM_EMULATED ${CMAKE_SYSTEM_PROCESSOR})
endif()
set(CMAKE_CXX_COMPILER ${TANDEM_GNU_NAME}-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CURRENT_LIST_DIR}/emulated ${TANDEM_EMULATED})
