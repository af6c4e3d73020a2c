#include <bench/base/error.h>
#include <bench/device/backends.h>
#include <bench/device/cuda_arena.h>
#include <bench/device/graph_kernels.h>

#include <ATen/Context.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/cuda/Sleep.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cuda_runtime.h>
#include <fmt/format.h>

#include <exception>

namespace bench::device {
namespace {

constexpr int kMajor = 9; // kernels are built for sm_90a: Hopper and nothing else

void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess)
    throw UnavailableError(fmt::format("{}: {}", what, cudaGetErrorString(code)));
}

class Graph final : public Recording {
 public:
  /// What `work` allocates lies in `placement`, should there be one.
  Graph(const std::function<void()>& work, CudaPlacement* placement) : graph_(/*keep_graph=*/true) {
    work(); // handles, plans and lazily loaded modules must exist before the capture
    c10::cuda::getCurrentCUDAStream().synchronize();
    capture(work, placement);
    kernels_ = graph_kernels(graph_.raw_cuda_graph());
    graph_.instantiate();
  }
  void replay() override { graph_.replay(); }
  KernelCounts kernels() const override { return kernels_; }

 private:
  /// Whatever `work` throws, there is no capture any more and the placement goes on.
  void capture(const std::function<void()>& work, CudaPlacement* placement) {
    const auto into_placement = [placement](bool yes) {
      if (placement)
        yes ? placement->begin() : placement->end();
    };
    struct Afterwards {
      decltype(into_placement)& into;
      ~Afterwards() { into(true); }
    } afterwards{into_placement};
    into_placement(false);
    const c10::MempoolId_t pool = at::cuda::graph_pool_handle();
    try {
      graph_.capture_begin(pool);
    } catch (...) {
      give_up(pool);
      throw;
    }
    into_placement(true);
    std::exception_ptr fault;
    try {
      work();
    } catch (...) {
      fault = std::current_exception();
    }
    into_placement(false);
    try {
      graph_.capture_end();
    } catch (...) {
      give_up(pool);
      if (!fault) // else what `work` threw says more
        throw;
    }
    if (fault)
      std::rethrow_exception(fault);
  }

  /// Where a capture fails to begin or to end, torch leaves the allocator in its pool, so that
  /// every later free would fail, and its random generator in a capture until one ends well.
  static void give_up(c10::MempoolId_t pool) {
    namespace allocator = c10::cuda::CUDACachingAllocator;
    const auto device = c10::cuda::current_device();
    cudaGetLastError(); // it would be reported by whatever asks next
    try {
      allocator::endAllocateToPool(device, pool);
      allocator::releasePool(device, pool);
    } catch (const c10::Error&) { // it did not come that far
    }
    try {
      at::cuda::CUDAGraph healing;
      healing.capture_begin();
      at::zeros({1}, at::TensorOptions().device(at::kCUDA));
      healing.capture_end();
    } catch (const c10::Error&) { // what comes next will say so
    }
  }

  at::cuda::CUDAGraph graph_;
  KernelCounts kernels_;
};

class CudaDevice final : public Device {
 public:
  CudaDevice() : stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false)), guard_(stream_) {
    check(cudaGetDeviceProperties(&properties_, stream_.device_index()), "device properties");
    at::globalContext().lazyInitDevice(c10::kCUDA); // an arena may be wanted before any tensor
  }

  scenario::DeviceKind kind() const override { return scenario::DeviceKind::cuda; }
  std::string name() const override { return properties_.name; }
  std::string uuid() const override {
    const auto* b = reinterpret_cast<const unsigned char*>(properties_.uuid.bytes);
    std::string text = "GPU-";
    for (int i = 0; i < 16; ++i)
      text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
    return text;
  }
  c10::Device torch_device() const override { return stream_.device(); }
  std::unique_ptr<measure::Marker> make_marker() override {
    return measure::make_stamp_marker(stream_.stream());
  }
  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    return std::make_unique<Graph>(work, placement_);
  }
  void synchronize() override { stream_.synchronize(); }
  void spin(std::int64_t cycles) override { at::cuda::sleep(cycles); }
  std::int64_t free_memory() override {
    release_reserves();
    return memory().first;
  }
  std::int64_t total_memory() override { return memory().second; }
  std::int64_t l2_bytes() override { return properties_.l2CacheSize; }
  std::int64_t take_peak_memory() override {
    namespace allocator = c10::cuda::CUDACachingAllocator;
    const auto index = stream_.device_index();
    const auto peak = allocator::getDeviceStats(index).allocated_bytes.at(0).peak;
    allocator::resetPeakStats(index);
    return peak;
  }
  void release_reserves() override { c10::cuda::CUDACachingAllocator::emptyCache(); }
  std::unique_ptr<Arena> make_arena(std::int64_t bytes) override {
    return std::make_unique<CudaArena>(bytes, placement_);
  }

 private:
  static std::pair<std::int64_t, std::int64_t> memory() {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "memory of the GPU");
    return {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
  }

  c10::InferenceMode inference_;
  c10::cuda::CUDAStream stream_;
  c10::cuda::CUDAStreamGuard guard_;
  cudaDeviceProp properties_{};
  CudaPlacement* placement_ = nullptr; ///< that lives now
};

} // namespace

std::string why_cuda_unavailable() {
  int count = 0;
  if (const cudaError_t code = cudaGetDeviceCount(&count); code != cudaSuccess || count == 0)
    return fmt::format("no usable GPU ({}): choose a profile for the cpu (--profile cpu), or run "
                       "where nvidia-smi lists one",
                       code == cudaSuccess ? "none is visible" : cudaGetErrorString(code));
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "device properties");
  if (properties.major != kMajor)
    return fmt::format(
        "{} has compute capability {}.{}, and this build is for Hopper (9.0, sm_90a)",
        properties.name, properties.major, properties.minor);
  return "";
}

std::unique_ptr<Device> open_cuda_device() {
  if (const std::string why = why_cuda_unavailable(); !why.empty())
    throw UnavailableError(why);
  return std::make_unique<CudaDevice>();
}

} // namespace bench::device
