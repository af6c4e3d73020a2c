#include <bench/base/error.h>
#include <bench/device/cuda_arena.h>

#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/cuda/MemPool.h>
#include <c10/cuda/CUDAGraphsC10Utils.h>
#include <torch/csrc/cuda/CUDAPluggableAllocator.h>

#include <cuda_runtime.h>
#include <fmt/format.h>

#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace bench::device {

namespace allocator = c10::cuda::CUDACachingAllocator;

class CudaArena::Block {
 public:
  explicit Block(std::int64_t bytes) : bytes_(bytes) {
    if (const cudaError_t code = cudaMalloc(&begin_, static_cast<std::size_t>(bytes));
        code != cudaSuccess) {
      cudaGetLastError(); // else the next launch would report it
      throw UnavailableError(fmt::format("{:.1f} GiB for buffers at chosen places: {}",
                                         static_cast<double>(bytes) / (1 << 30),
                                         cudaGetErrorString(code)));
    }
  }
  ~Block() { cudaFree(begin_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// No further segment lies before it.
  void start_at(std::int64_t offset) {
    const std::lock_guard lock(mutex_);
    start_ = offset;
  }

  /// First fit.
  void* take(std::int64_t bytes) {
    constexpr std::int64_t kPage = 2 << 20;
    const std::lock_guard lock(mutex_);
    const std::int64_t size = (bytes + kPage - 1) / kPage * kPage;
    std::int64_t offset = start_;
    for (const auto& [begin, length] : taken_)
      if (begin + length > offset) {
        if (offset + size <= begin)
          break;
        offset = begin + length;
      }
    if (offset + size <= bytes_) {
      taken_[offset] = size;
      return begin_ + offset;
    }
    const c10::cuda::CUDAStreamCaptureModeGuard allowed(cudaStreamCaptureModeRelaxed);
    void* elsewhere = nullptr;
    if (cudaMalloc(&elsewhere, static_cast<std::size_t>(bytes)) == cudaSuccess)
      return elsewhere;
    cudaGetLastError();
    return nullptr; // which torch reports
  }

  void give_back(void* memory) {
    const std::lock_guard lock(mutex_);
    if (taken_.erase(static_cast<char*>(memory) - begin_) == 0)
      cudaFree(memory);
  }

 private:
  char* begin_ = nullptr;
  std::int64_t bytes_;
  std::int64_t start_ = 0;
  std::map<std::int64_t, std::int64_t> taken_; ///< offset -> bytes
  std::mutex mutex_;
};

CudaArena::CudaArena(std::int64_t bytes, CudaPlacement*& current)
    : current_(current), block_(std::make_shared<Block>(bytes)),
      segments_(torch::cuda::CUDAPluggableAllocator::createCustomAllocator(
          [block = block_](std::size_t size, int, cudaStream_t) {
            return block->take(static_cast<std::int64_t>(size));
          },
          [block = block_](void* memory, std::size_t, int, cudaStream_t) {
            block->give_back(memory);
          })) {}

std::unique_ptr<Placement> CudaArena::place(std::int64_t offset) {
  block_->start_at(offset);
  return std::make_unique<CudaPlacement>(segments_, current_);
}

struct CudaPlacement::Pool {
  at::cuda::MemPool memory;
};

CudaPlacement::CudaPlacement(std::shared_ptr<allocator::CUDAAllocator> segments,
                             CudaPlacement*& current)
    : pool_(new Pool{at::cuda::MemPool(std::move(segments))}), current_(current) {
  at::cuda::clearCublasWorkspaces(); // the next lies in the arena, and is gone with it
  begin();
  current_ = this;
}

CudaPlacement::~CudaPlacement() {
  current_ = nullptr;
  end();
  at::cuda::clearCublasWorkspaces();
}

void CudaPlacement::begin() {
  if (begun_)
    return;
  allocator::beginAllocateToPool(pool_->memory.device(), pool_->memory.id(),
                                 [thread = std::this_thread::get_id()](cudaStream_t) {
                                   return std::this_thread::get_id() == thread;
                                 });
  begun_ = true;
}

void CudaPlacement::end() {
  if (!begun_)
    return;
  begun_ = false;
  allocator::endAllocateToPool(pool_->memory.device(), pool_->memory.id());
  allocator::releasePool(pool_->memory.device(), pool_->memory.id()); // begin() holds it
}

} // namespace bench::device
