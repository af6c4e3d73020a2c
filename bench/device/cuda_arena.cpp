#include <bench/base/error.h>
#include <bench/device/cuda_arena.h>
#include <bench/device/first_fit.h>

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

class ArenaBlock {
 public:
  explicit ArenaBlock(std::int64_t bytes) : bytes_(bytes), pieces_(bytes, Arena::kPageBytes) {
    if (const cudaError_t code = cudaMalloc(&begin_, static_cast<std::size_t>(bytes));
        code != cudaSuccess) {
      cudaGetLastError(); // else the next launch would report it
      throw UnavailableError(fmt::format("{:.1f} GiB for buffers at chosen places: {}",
                                         static_cast<double>(bytes) / (1 << 30),
                                         cudaGetErrorString(code)));
    }
  }
  ~ArenaBlock() { cudaFree(begin_); }
  ArenaBlock(const ArenaBlock&) = delete;
  ArenaBlock& operator=(const ArenaBlock&) = delete;

  std::int64_t bytes() const { return bytes_; }

  void start_at(std::int64_t offset) {
    const std::lock_guard lock(mutex_);
    pieces_.start_at(offset);
  }

  /// That lie elsewhere now.
  std::int64_t displaced_bytes() const {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& [memory, bytes] : displaced_)
      sum += bytes;
    return sum;
  }

  void* take(std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (const auto offset = pieces_.take(bytes))
      return begin_ + *offset;
    const c10::cuda::CUDAStreamCaptureModeGuard allowed(cudaStreamCaptureModeRelaxed);
    void* elsewhere = nullptr;
    if (cudaMalloc(&elsewhere, static_cast<std::size_t>(bytes)) == cudaSuccess) {
      displaced_[elsewhere] = bytes;
      return elsewhere;
    }
    cudaGetLastError();
    return nullptr; // which torch reports
  }

  void give_back(void* memory) {
    const std::lock_guard lock(mutex_);
    if (displaced_.erase(memory) > 0)
      cudaFree(memory);
    else
      pieces_.give_back(static_cast<char*>(memory) - begin_);
  }

 private:
  char* begin_ = nullptr;
  std::int64_t bytes_;
  FirstFit pieces_;
  std::map<void*, std::int64_t> displaced_; ///< for which there was no room -> bytes
  mutable std::mutex mutex_;
};

CudaArena::CudaArena(std::int64_t bytes, CudaPlacement*& current)
    : current_(current), block_(std::make_shared<ArenaBlock>(bytes)),
      segments_(torch::cuda::CUDAPluggableAllocator::createCustomAllocator(
          [block = block_](std::size_t size, int, cudaStream_t) {
            return block->take(static_cast<std::int64_t>(size));
          },
          [block = block_](void* memory, std::size_t, int, cudaStream_t) {
            block->give_back(memory);
          })) {}

std::int64_t CudaArena::bytes() const {
  return block_->bytes();
}

std::unique_ptr<Placement> CudaArena::place(std::int64_t offset) {
  block_->start_at(offset);
  return std::make_unique<CudaPlacement>(block_, segments_, current_);
}

struct CudaPlacement::Pool {
  at::cuda::MemPool memory;
};

CudaPlacement::CudaPlacement(std::shared_ptr<const ArenaBlock> block,
                             std::shared_ptr<allocator::CUDAAllocator> segments,
                             CudaPlacement*& current)
    : block_(std::move(block)), pool_(new Pool{at::cuda::MemPool(std::move(segments))}),
      current_(current) {
  at::cuda::clearCublasWorkspaces(); // the next lies in the arena, and is gone with it
  begin();
  current_ = this;
}

CudaPlacement::~CudaPlacement() {
  current_ = nullptr;
  end();
  at::cuda::clearCublasWorkspaces();
}

std::int64_t CudaPlacement::displaced_bytes() const {
  return block_->displaced_bytes();
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
