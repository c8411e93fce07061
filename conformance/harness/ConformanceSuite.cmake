# tandem_live_tests(<target> <file>...): for each primitive's file of cases, live.<module>.<primitive> has this
# machine's python3 run the twins now and compares with what our executable says now.
function(tandem_live_tests target)
  foreach(file IN LISTS ARGN)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/conformance)
    string(REGEX REPLACE "_test\\.cpp$" "" primitive ${file})
    set(twin ${PROJECT_SOURCE_DIR}/reference/${primitive}.py)
    string(REPLACE "/" "." name ${primitive})
    if(EXISTS ${twin})
      tandem_python_test(
        live.${name} COMMAND ${PROJECT_SOURCE_DIR}/reference/record.py --live ${twin} --executable
                             $<TARGET_FILE:${target}> LABELS unit python live)
    endif()
  endforeach()
endfunction()

# tandem_in_kit(<target> <folder>): an executable of the kit that cmake --install --component conformance makes.
add_custom_target(conformance_kit)
function(tandem_in_kit target folder)
  add_dependencies(conformance_kit ${target})
  install(
    TARGETS ${target}
    RUNTIME DESTINATION ${TANDEM_KIT}/${folder}
            COMPONENT conformance
            EXCLUDE_FROM_ALL)
endfunction()

# tandem_conformance_suite(<module> <file>...): conformance_<module> with a ctest test per case, and its live tests.
function(tandem_conformance_suite module)
  tandem_test_executable(
    conformance_${module}
    SOURCES ${ARGN}
    LIBRARIES tandem_conformance_harness
    LABELS unit case conformance_${module}
    ENVIRONMENT TANDEM_RESULTS=${TANDEM_CASE_RESULTS})
  if(TANDEM_BENCH)
    # The report asks them whether the library is right, not how fast they are: two thirds of the time to compile them.
    target_compile_options(conformance_${module} PRIVATE -O1)
  endif()
  tandem_live_tests(conformance_${module} ${ARGN})
  tandem_in_kit(conformance_${module} bin)
endfunction()
