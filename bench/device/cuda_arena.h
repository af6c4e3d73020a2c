#pragma once

#include <bench/device/device.h>

#include <c10/cuda/CUDACachingAllocator.h>

#include <cstdint>
#include <memory>

namespace bench::device {

class ArenaBlock;
class CudaPlacement;

/// An arena for torch's caching allocator: each placement is a pool of the allocator's own, whose
/// segments are cut out of one block of the GPU's memory. The block is freed once the arena and all
/// that was allocated in it are gone.
class CudaArena final : public Arena {
 public:
  /// `current` is set to the placement that lives.
  CudaArena(std::int64_t bytes, CudaPlacement*& current);
  std::int64_t bytes() const override;
  std::unique_ptr<Placement> place(std::int64_t offset) override;

 private:
  CudaPlacement*& current_;
  std::shared_ptr<ArenaBlock> block_;
  std::shared_ptr<c10::cuda::CUDACachingAllocator::CUDAAllocator> segments_;
};

/// Puts the allocations of the thread that made it into its pool. A capture has a pool of its own,
/// and the allocator asks the one that was begun last: so a recorder calls end() before it begins a
/// capture and begin() within, and the other way round at its end. Either does nothing twice.
class CudaPlacement final : public Placement {
 public:
  CudaPlacement(std::shared_ptr<const ArenaBlock> block,
                std::shared_ptr<c10::cuda::CUDACachingAllocator::CUDAAllocator> segments,
                CudaPlacement*& current);
  ~CudaPlacement() override;
  std::int64_t displaced_bytes() const override;
  void begin();
  void end();

 private:
  struct Pool;
  std::shared_ptr<const ArenaBlock> block_;
  std::unique_ptr<Pool> pool_;
  bool begun_ = false;
  CudaPlacement*& current_;
};

} // namespace bench::device
