# The rule of the house: a folder is a target, and a target sees only the folders it links.
#
# Every folder publishes itself through a directory of its own under the build tree that holds one symbolic link to the
# folder, so `#include "runtime/document/document.h"` resolves only for targets that link runtime_document. An include
# against the direction of dependencies fails to compile.

# tlfs_folder(<target> SOURCES a.cpp ... [LINKS targets...] [PRIVATE_LINKS targets...])
# Makes a static library of the current folder; without SOURCES an interface library.
function(tlfs_folder target)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  set(room "${CMAKE_BINARY_DIR}/house/${target}")
  get_filename_component(parent "${room}/${folder}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${room}/${folder}" SYMBOLIC)
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} PUBLIC "${room}")
    target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE tlfs_warnings ${arg_PRIVATE_LINKS})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE "${room}")
    target_link_libraries(${target} INTERFACE ${arg_LINKS})
  endif()
endfunction()

# tlfs_executable(<name> SOURCES a.cpp ... LINKS targets...): lands in build/<preset>/bin.
function(tlfs_executable target)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE tlfs_warnings ${arg_LINKS})
endfunction()

# tlfs_test(<name> SOURCES a.cpp ... LINKS targets... [LABELS l] [TIMEOUT seconds]): a Catch2 executable and its ctest entry.
function(tlfs_test target)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE tlfs_warnings Catch2::Catch2WithMain ${arg_LINKS})
  target_precompile_headers(${target} PRIVATE <catch2/catch.hpp> <string> <vector> <map> <optional> <memory>)
  target_compile_definitions(${target} PRIVATE
    TLFS_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TLFS_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared" TLFS_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  # g++ 12 warns of copies out of bounds where a string literal of some lengths is added to a string (GCC bug 105651). These
  # paths are of any length, so it would depend on the place of the checkout whether the tests compile.
  target_compile_options(${target} PRIVATE
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow>)
  add_test(NAME ${target} COMMAND ${target})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${target} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

# tlfs_fuzz_target(<name> SOURCES a.cpp LINKS targets... CORPUS dir)
# With TLFS_FUZZ a libFuzzer executable; always a test that replays the corpus through the same entry point.
function(tlfs_fuzz_target target)
  cmake_parse_arguments(arg "" "CORPUS" "SOURCES;LINKS" ${ARGN})
  if(TLFS_FUZZ)
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE tlfs_warnings ${arg_LINKS})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY TLFS_FUZZ_TARGETS "${target}=${arg_CORPUS}")
  endif()
  if(TLFS_TESTS)
    add_executable(${target}_replay ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_corpus.cpp")
    target_link_libraries(${target}_replay PRIVATE tlfs_warnings ${arg_LINKS})
    add_test(NAME ${target}_replay COMMAND ${target}_replay "${arg_CORPUS}")
    set_tests_properties(${target}_replay PROPERTIES TIMEOUT 120)
  endif()
endfunction()
