# Compiler, linker and cache settings shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

set(TLFS_SANITIZE "" CACHE STRING "Value of -fsanitize= for our code, for example address,undefined")
if(TLFS_SANITIZE)
  add_compile_options(-fsanitize=${TLFS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options(-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignorelist.txt)
  else()
    # CAF casts a mailbox's end to an element of it. With the checks in between, g++ 12 believes that variants which hold
    # nothing are read.
    add_compile_options(-fno-sanitize=vptr -Wno-maybe-uninitialized)
  endif()
  add_link_options(-fsanitize=${TLFS_SANITIZE})
endif()

find_program(TLFS_CCACHE ccache)
if(TLFS_CCACHE)
  # Precompiled headers need the sloppiness; the base directory lets two checkouts share one cache.
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${TLFS_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

foreach(linker mold gold)
  find_program(TLFS_LINKER_${linker} NAMES ${linker} ld.${linker})
  if(TLFS_LINKER_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()

# Warnings are errors on our code; generated code and third-party headers are not ours.
add_library(tlfs_warnings INTERFACE)
target_compile_options(tlfs_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Cap'n Proto 0.9.2 hides an operator that C++20 on newer clang needs.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/kj_cxx20.h>")
endif()
