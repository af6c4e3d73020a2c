# What every target of the project has in common, and the functions that declare one.

find_program(BENCH_CCACHE ccache)
if(BENCH_CCACHE)
  # pch_defines,time_macros: what ccache asks for to cache files that use a precompiled header.
  # BASEDIR, NOHASHDIR: another checkout finds the same entries; debug information names the first's folder.
  set(ccache ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${BENCH_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${ccache})
endif()

add_library(bench_options INTERFACE)
target_include_directories(bench_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(bench_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Werror;-fpch-preprocess>
  # compress-mode: every program and test of a bundle holds the kernels; a tenth of the default's size.
  $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Werror;--compress-mode=size>)
# GNU ld demands the libraries behind libtorch_cuda, which a machine without a GPU lacks; lld does not.
target_link_options(bench_options INTERFACE -fuse-ld=lld)
if(BENCH_SANITIZE)
  # GCC sees uninitialized members of empty std::optionals once the sanitizers have had their say (GCC bug 80635).
  target_compile_options(bench_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined;-fno-omit-frame-pointer;-Wno-maybe-uninitialized>)
  target_link_options(bench_options INTERFACE -fsanitize=address,undefined)
endif()

add_library(bench_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cpp)
target_link_libraries(bench_fmt PUBLIC LibTorch::fmt PRIVATE bench_options)
set_target_properties(bench_fmt PROPERTIES POSITION_INDEPENDENT_CODE ON) # a part of libbench_kernels.so too

# The one precompiled header, shared by every target that includes torch.
add_library(bench_torch INTERFACE)
target_link_libraries(bench_torch INTERFACE LibTorch::cpu)
if(BENCH_CUDA)
  target_link_libraries(bench_torch INTERFACE $<LINK_ONLY:LibTorch::cuda>)
  # libtorch_cuda registers its operators when it is loaded. A program that calls them through the
  # dispatcher names none of its symbols, and the linker would leave it out.
  target_link_options(bench_torch INTERFACE -Wl,--no-as-needed)
endif()
# kernels becomes a part of a shared library. All that include torch, since they share the precompiled header.
target_compile_options(bench_torch INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fPIC> $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fPIC>)
# Torch's own operators for tensors (a + b) include every operator's header, unless told not to.
target_compile_definitions(bench_torch INTERFACE AT_PER_OPERATOR_HEADERS=1)

# bench_sees_cuda(file...)
#   With BENCH_CUDA these sources of this folder's targets are told so, and may include CUDA's headers. All others are compiled
#   alike in the presets cpu and cuda-check, so that the compiler cache serves both. ci/tests looks for sources that are missing here.
function(bench_sees_cuda)
  if(BENCH_CUDA)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS BENCH_CUDA=1)
    set(folders ${CUDAToolkit_INCLUDE_DIRS})
    list(REMOVE_ITEM folders ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES}) # as CMake does: /usr/include must keep its place
    foreach(folder ${folders})
      set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -isystem${folder})
    endforeach()
  endif()
endfunction()

# bench_library(NAME SOURCES file... [LINKS target...] [TORCH | PCH target])
#   One folder, one library. TORCH: its sources may include torch and share the precompiled header.
function(bench_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH" "PCH" "SOURCES;LINKS")
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC bench_options bench_fmt ${arg_LINKS})
  if(arg_TORCH)
    bench_use_torch(${name})
  else()
    bench_precompile(${name} bench_pch "${arg_PCH}")
  endif()
endfunction()

# bench_test(NAME SOURCES file... LINKS target... [LABELS label...] [TORCH | PCH target])
#   A GoogleTest executable, each of its cases a CTest test.
function(bench_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH" "PCH" "SOURCES;LINKS;LABELS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE bench_options bench_fmt ${arg_LINKS} GTest::gtest_main)
  set(environment "")
  if(arg_TORCH)
    bench_use_torch(${name})
    # CTest runs a test on each core: OpenMP's threads would spin in each other's way.
    set(environment ENVIRONMENT OMP_NUM_THREADS=1)
  else()
    bench_precompile(${name} bench_test_pch "${arg_PCH}")
  endif()
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 120
    DISCOVERY_MODE PRE_TEST PROPERTIES LABELS "${arg_LABELS}" ${environment})
  foreach(label ${arg_LABELS}) # builds every test of one label: ninja tests-logic
    if(NOT TARGET tests-${label})
      add_custom_target(tests-${label})
    endif()
    add_dependencies(tests-${label} ${name})
  endforeach()
endfunction()

find_program(BENCH_TEST_PYTHON NAMES python3 HINTS ${PROJECT_SOURCE_DIR}/.venv/bin NO_DEFAULT_PATH)

# bench_pytest(NAME ARGUMENTS argument... LABEL label TIMEOUT seconds [COST number])
#   A pytest as one CTest test, where the checkout has its Python. Of higher COST: sooner.
function(bench_pytest name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT;COST" "ARGUMENTS")
  if(BENCH_TEST_PYTHON)
    add_test(NAME ${name} COMMAND ${BENCH_TEST_PYTHON} -m pytest -q ${arg_ARGUMENTS})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT})
    if(arg_COST)
      set_tests_properties(${name} PROPERTIES COST ${arg_COST})
    endif()
  endif()
endfunction()

function(bench_use_torch name)
  target_link_libraries(${name} PUBLIC bench_torch)
  if(TARGET bench_torch_pch)
    target_precompile_headers(${name} REUSE_FROM bench_torch_pch)
  endif()
endfunction()

# Has a target start from this precompiled header, or from another, if that is named.
function(bench_precompile name pch other)
  if(other)
    set(pch ${other})
  endif()
  target_precompile_headers(${name} REUSE_FROM ${pch})
endfunction()

# bench_precompiled(NAME LINKS target... HEADERS <header>...)
#   A precompiled header, of what takes longest to read, for targets that link the same.
function(bench_precompiled name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINKS;HEADERS")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.cpp CONTENT "// Holds a precompiled header.\n")
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PUBLIC bench_options bench_fmt ${arg_LINKS})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()

bench_precompiled(bench_pch LINKS nlohmann_json::nlohmann_json
  HEADERS <fmt/format.h> <nlohmann/json.hpp> <string> <vector>)
bench_precompiled(bench_test_pch LINKS nlohmann_json::nlohmann_json GTest::gtest_main
  HEADERS <fmt/format.h> <gtest/gtest.h> <nlohmann/json.hpp> <string> <vector>)
bench_precompiled(bench_torch_pch LINKS bench_torch
  HEADERS <ATen/TensorOperators.h> <ATen/core/Tensor.h> <fmt/format.h> <memory> <string> <vector>)
