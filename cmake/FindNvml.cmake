# The header of NVML. The library comes with the driver and is opened at run time, never linked.
#
#   Nvml::headers    <nvml.h>
#
# Looks in the wheel nvidia-nvml-dev beside torch, then in the CUDA toolkit.

find_path(Nvml_INCLUDE_DIR nvml.h
  PATHS ${LibTorch_ROOT}/../nvidia/cu13/include ${CUDAToolkit_INCLUDE_DIRS} NO_DEFAULT_PATH)

if(Nvml_INCLUDE_DIR)
  file(STRINGS ${Nvml_INCLUDE_DIR}/nvml.h Nvml_VERSION REGEX "#define NVML_API_VERSION ")
  string(REGEX MATCH "[0-9]+" Nvml_VERSION "${Nvml_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Nvml
  REQUIRED_VARS Nvml_INCLUDE_DIR VERSION_VAR Nvml_VERSION
  REASON_FAILURE_MESSAGE "no nvml.h beside '${LibTorch_ROOT}': run ci/setup, or pip install nvidia-nvml-dev there")

if(Nvml_FOUND AND NOT TARGET Nvml::headers)
  add_library(Nvml::headers INTERFACE IMPORTED)
  target_include_directories(Nvml::headers SYSTEM INTERFACE ${Nvml_INCLUDE_DIR})
endif()
mark_as_advanced(Nvml_INCLUDE_DIR)
