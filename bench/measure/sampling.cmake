bench_library(bench_measure
  SOURCES interrupt.cpp sampler.cpp stamp.cpp steady_clock_marker.cpp
  LINKS bench_base)
if(BENCH_CUDA)
  target_sources(bench_measure PRIVATE stamp_marker.cu)
  target_link_libraries(bench_measure PRIVATE CUDA::cudart)
endif()
bench_test(measure_test SOURCES sampler_test.cpp stamp_test.cpp LINKS bench_measure LABELS logic)
