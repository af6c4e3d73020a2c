#include <bench/base/error.h>
#include <bench/device/backends.h>
#include <bench/device/device.h>

namespace bench::device {

#ifndef BENCH_CUDA
std::unique_ptr<Device> open_cuda_device() {
  throw UnavailableError(why_cuda_unavailable());
}

std::string why_cuda_unavailable() {
  return "this build has no CUDA: build the preset cuda (ci/bench does where it finds a GPU), or "
         "choose a profile for the cpu";
}
#endif

std::unique_ptr<Device> open_device(scenario::DeviceKind kind) {
  return kind == scenario::DeviceKind::cuda ? open_cuda_device() : open_cpu_device();
}

std::string why_unavailable(scenario::DeviceKind kind) {
  return kind == scenario::DeviceKind::cuda ? why_cuda_unavailable() : "";
}

} // namespace bench::device
