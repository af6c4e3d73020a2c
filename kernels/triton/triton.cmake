# rms_norm.py compiled for sm_90 and embedded: the program needs no Triton where it runs.
find_program(BENCH_TRITON_PYTHON NAMES python3 HINTS ${PROJECT_SOURCE_DIR}/.venv/bin NO_DEFAULT_PATH REQUIRED)
set(folder ${CMAKE_CURRENT_SOURCE_DIR}/triton)
set(compiled ${CMAKE_CURRENT_BINARY_DIR}/triton)
add_custom_command(OUTPUT ${compiled}/rms_norm.cpp
  COMMAND ${CMAKE_COMMAND} -E env TRITON_CACHE_DIR=${compiled}/cache
    ${BENCH_TRITON_PYTHON} ${folder}/compile.py ${folder}/rms_norm.py ${compiled}
  COMMAND ${BENCH_TRITON_PYTHON} ${folder}/embed.py ${compiled} ${compiled}/rms_norm.cpp
  DEPENDS ${folder}/compile.py ${folder}/embed.py ${folder}/rms_norm.py
  COMMENT "compile kernels/triton/rms_norm.py" VERBATIM)
target_sources(kernels PRIVATE triton/triton_path.cpp ${compiled}/rms_norm.cpp)
