# Where Debian has no libraries for a target: GoogleTest is built from its source, which the package googletest has, and there is
# no RapidCheck.
set(FETCHCONTENT_SOURCE_DIR_GTEST /usr/src/googletest CACHE PATH "The source of GoogleTest")
set(TANDEM_RAPIDCHECK OFF CACHE BOOL "Build what makes random programs and schedules, which takes RapidCheck")
