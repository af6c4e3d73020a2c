#include <bench/measure/stamp.h>

#include <cuda_runtime.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace bench::measure {
namespace {

// So much shared memory that no SM gets two blocks of a stamp; every block then has an SM of its
// own.
constexpr int kSharedBytes = 200 * 1024;

__global__ void stamp(SmStamp* out) {
  if (threadIdx.x != 0)
    return;
  std::uint32_t sm;
  std::uint64_t ns;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
  const long long cycles = clock64();
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
  out[blockIdx.x] = SmStamp{sm, cycles, ns};
}

void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess)
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(code));
}

class StampMarker final : public Marker {
 public:
  StampMarker(cudaStream_t stream, int capacity) : stream_(stream), capacity_(capacity) {
    int device = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, device), "SM count");
    check(cudaFuncSetAttribute(stamp, cudaFuncAttributeMaxDynamicSharedMemorySize, kSharedBytes),
          "shared memory of a stamp");
    check(cudaMalloc(&stamps_, bytes(capacity)), "memory for stamps");
  }
  ~StampMarker() override { cudaFree(stamps_); }
  StampMarker(const StampMarker&) = delete;
  StampMarker& operator=(const StampMarker&) = delete;

  void mark() override {
    if (used_ == capacity_)
      throw std::runtime_error("more marks than the marker holds");
    stamp<<<sms_, 32, kSharedBytes, stream_>>>(stamps_ + static_cast<std::size_t>(used_) * sms_);
    check(cudaGetLastError(), "launch of a stamp");
    last_mark_ = Clock::now();
    if (used_++ == 0)
      first_mark_ = last_mark_;
  }

  std::vector<Span> take() override {
    std::vector<SmStamp> host(static_cast<std::size_t>(used_) * sms_);
    check(cudaMemcpyAsync(host.data(), stamps_, bytes(used_), cudaMemcpyDeviceToHost, stream_),
          "copy of the stamps");
    check(cudaStreamSynchronize(stream_), "synchronise");
    std::vector<Span> spans;
    if (used_ > 0 && origin_ns_ == 0)
      origin_ns_ = host.front().time_ns;
    for (int i = 0; i + 1 < used_; ++i) {
      const SmStamp* first = host.data() + static_cast<std::size_t>(i) * sms_;
      spans.push_back(between(first, first + sms_, sms_, origin_ns_));
    }
    used_ = 0;
    return spans;
  }

  std::optional<double> enqueue_s() const override {
    return std::chrono::duration<double>(last_mark_ - first_mark_).count();
  }

  int capacity() const override { return capacity_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::size_t bytes(int marks) const {
    return static_cast<std::size_t>(marks) * static_cast<std::size_t>(sms_) * sizeof(SmStamp);
  }

  cudaStream_t stream_;
  int capacity_;
  int sms_ = 0;
  int used_ = 0;
  SmStamp* stamps_ = nullptr;
  std::uint64_t origin_ns_ = 0;
  Clock::time_point first_mark_, last_mark_; // on the host, since the last take()
};

} // namespace

std::unique_ptr<Marker> make_stamp_marker(void* stream, int capacity) {
  return std::make_unique<StampMarker>(static_cast<cudaStream_t>(stream), capacity);
}

} // namespace bench::measure
