# LibTorch out of the PyPI wheel of torch, as imported targets.
#
# The wheel's own TorchConfig.cmake wants a CUDA toolkit even for code that only uses libtorch_cpu,
# and adds GPU architectures that nvcc 13 refuses. This module needs neither.
#
#   LibTorch::cpu    ATen on the CPU: libtorch_cpu, libc10
#   LibTorch::cuda   the above and libtorch_cuda, libc10_cuda, the CUDA runtime (only with BENCH_CUDA)
#   LibTorch::fmt    the headers of the fmt that torch ships, and no other header of torch. Whoever formats
#                    links bench_fmt, which has their code (BenchTargets.cmake)
#
# LibTorch_FMT_DIR is where the link to fmt is made. Presets share one, so that ccache sees the same
# command for files that every preset compiles alike.
#
# Looks in LibTorch_ROOT, or asks .venv/bin/python3, then the `python3` of the PATH, where its torch lies.

if(NOT LibTorch_ROOT)
  find_program(LibTorch_PYTHON NAMES python3 HINTS ${PROJECT_SOURCE_DIR}/.venv/bin)
  execute_process(
    COMMAND ${LibTorch_PYTHON} -c
      "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE LibTorch_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()

find_path(LibTorch_INCLUDE_DIR ATen/core/Tensor.h
  PATHS ${LibTorch_ROOT}/include NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS ${LibTorch_ROOT}/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 PATHS ${LibTorch_ROOT}/lib NO_DEFAULT_PATH)
set(LibTorch_required LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR)
if(BENCH_CUDA)
  find_library(LibTorch_CUDA_LIBRARY torch_cuda PATHS ${LibTorch_ROOT}/lib NO_DEFAULT_PATH)
  find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda PATHS ${LibTorch_ROOT}/lib NO_DEFAULT_PATH)
  list(APPEND LibTorch_required LibTorch_CUDA_LIBRARY LibTorch_C10_CUDA_LIBRARY)
endif()

if(EXISTS ${LibTorch_ROOT}/version.py)
  file(STRINGS ${LibTorch_ROOT}/version.py LibTorch_VERSION REGEX "^__version__")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" LibTorch_VERSION "${LibTorch_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS ${LibTorch_required} VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "no torch wheel at '${LibTorch_ROOT}': run ci/setup, or pass -DLibTorch_ROOT=<site-packages>/torch")

if(LibTorch_FOUND AND NOT TARGET LibTorch::cpu)
  # fmt apart from torch: libraries that know no torch must not be able to include it by accident.
  if(NOT LibTorch_FMT_DIR)
    set(LibTorch_FMT_DIR ${PROJECT_BINARY_DIR}/include/fmt-of-torch)
  endif()
  set(fmt_dir ${LibTorch_FMT_DIR})
  file(MAKE_DIRECTORY ${fmt_dir})
  file(CREATE_LINK ${LibTorch_INCLUDE_DIR}/fmt ${fmt_dir}/fmt SYMBOLIC)
  add_library(LibTorch::fmt INTERFACE IMPORTED)
  target_include_directories(LibTorch::fmt SYSTEM INTERFACE ${fmt_dir})

  add_library(LibTorch::c10 UNKNOWN IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION ${LibTorch_C10_LIBRARY})
  add_library(LibTorch::cpu UNKNOWN IMPORTED)
  set_target_properties(LibTorch::cpu PROPERTIES
    IMPORTED_LOCATION ${LibTorch_CPU_LIBRARY}
    INTERFACE_LINK_LIBRARIES LibTorch::c10)
  target_include_directories(LibTorch::cpu SYSTEM INTERFACE ${LibTorch_INCLUDE_DIR})
  if(BENCH_CUDA)
    add_library(LibTorch::c10_cuda UNKNOWN IMPORTED)
    set_target_properties(LibTorch::c10_cuda PROPERTIES IMPORTED_LOCATION ${LibTorch_C10_CUDA_LIBRARY})
    add_library(LibTorch::cuda UNKNOWN IMPORTED)
    set_target_properties(LibTorch::cuda PROPERTIES
      IMPORTED_LOCATION ${LibTorch_CUDA_LIBRARY}
      INTERFACE_LINK_LIBRARIES "LibTorch::c10_cuda;LibTorch::cpu;CUDA::cudart")
  endif()
endif()
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY
  LibTorch_CUDA_LIBRARY LibTorch_C10_CUDA_LIBRARY LibTorch_PYTHON)
