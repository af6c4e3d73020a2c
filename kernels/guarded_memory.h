#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <vector>

namespace kernels {

/// While one lives, what this thread gets of at::empty lies in a larger tensor, between bytes that
/// nobody may write: a write past an output shows. In whatever an allocator hands out, the bytes
/// beside it are its own padding or another tensor's. Outputs that ATen's own operators make inside
/// themselves do not pass here; those of our kernels all do. Not for CUDA graphs.
class GuardedMemory {
 public:
  GuardedMemory();
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  /// Whether the bytes on both sides of all that was handed out are as they were. Synchronises.
  bool is_intact() const;

 private:
  friend at::Tensor guarded(const at::Tensor& wanted);
  std::vector<at::Tensor> sides_; ///< of bytes
  GuardedMemory* outer_;
  c10::impl::IncludeDispatchKeyGuard mode_;
};

} // namespace kernels
