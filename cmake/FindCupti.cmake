# The headers of CUPTI and of the driver's types that they name. The library is the one that torch loads; it is opened
# at run time, never linked.
#
#   Cupti::headers   <cupti.h>
#
# Looks in the wheels nvidia-cuda-cupti and nvidia-cuda-runtime beside torch, then in the CUDA toolkit.

find_path(Cupti_INCLUDE_DIR cupti.h
  PATHS ${LibTorch_ROOT}/../nvidia/cu13/include ${CUDAToolkit_INCLUDE_DIRS} NO_DEFAULT_PATH)
find_path(Cupti_CUDA_INCLUDE_DIR cuda.h
  PATHS ${LibTorch_ROOT}/../nvidia/cu13/include ${CUDAToolkit_INCLUDE_DIRS} NO_DEFAULT_PATH)

if(Cupti_INCLUDE_DIR)
  file(STRINGS ${Cupti_INCLUDE_DIR}/cupti_version.h Cupti_VERSION REGEX "#define CUPTI_API_VERSION ")
  string(REGEX MATCH "([0-9][0-9])([0-9][0-9])[0-9][0-9]" Cupti_VERSION "${Cupti_VERSION}")
  math(EXPR minor ${CMAKE_MATCH_2})
  set(Cupti_VERSION ${CMAKE_MATCH_1}.${minor})
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cupti
  REQUIRED_VARS Cupti_INCLUDE_DIR Cupti_CUDA_INCLUDE_DIR VERSION_VAR Cupti_VERSION
  REASON_FAILURE_MESSAGE "no cupti.h beside '${LibTorch_ROOT}': run ci/setup, or pip install nvidia-cuda-cupti there")

if(Cupti_FOUND AND NOT TARGET Cupti::headers)
  add_library(Cupti::headers INTERFACE IMPORTED)
  target_include_directories(Cupti::headers SYSTEM INTERFACE ${Cupti_INCLUDE_DIR} ${Cupti_CUDA_INCLUDE_DIR})
endif()
mark_as_advanced(Cupti_INCLUDE_DIR Cupti_CUDA_INCLUDE_DIR)
