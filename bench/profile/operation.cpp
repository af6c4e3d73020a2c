#include <bench/profile/operation.h>

#ifdef BENCH_CUDA
#include <nvtx3/nvToolsExt.h>
#endif

namespace bench::profile {

#ifdef BENCH_CUDA
Range::Range(const char* name) {
  nvtxRangePushA(name);
}
Range::~Range() {
  nvtxRangePop();
}
#else // no GPU, no tool that would listen
Range::Range(const char*) {}
Range::~Range() = default;
#endif

} // namespace bench::profile
