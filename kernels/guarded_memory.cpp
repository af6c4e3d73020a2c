#include <kernels/guarded_memory.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>

namespace kernels {
namespace {

// A key that torch has for tests; ops that nothing is registered for under it pass through.
constexpr c10::DispatchKey kMode = c10::DispatchKey::TESTING_ONLY_GenericMode;

// On either side: two rows of 8192 in fp32, and a multiple of every alignment that kernels ask for.
constexpr std::int64_t kSide = 65'536;
constexpr std::int64_t kPoison = 0xFF; // NaN in every floating type

thread_local GuardedMemory* innermost = nullptr;

} // namespace

GuardedMemory::GuardedMemory() : outer_(innermost), mode_(kMode) {
  innermost = this;
}

GuardedMemory::~GuardedMemory() {
  innermost = outer_;
}

bool GuardedMemory::is_intact() const {
  const c10::impl::ExcludeDispatchKeyGuard plainly(kMode);
  return std::ranges::all_of(
      sides_, [](const at::Tensor& side) { return (side == kPoison).all().item<bool>(); });
}

/// A tensor as `wanted`, which only says what it is to be.
at::Tensor guarded(const at::Tensor& wanted) {
  const auto size = static_cast<std::int64_t>(wanted.nbytes());
  const at::Tensor bytes =
      at::full({kSide + size + kSide}, kPoison, wanted.options().dtype(at::kByte));
  innermost->sides_.push_back(bytes.narrow(0, 0, kSide));
  innermost->sides_.push_back(bytes.narrow(0, kSide + size, kSide));
  return at::empty({0}, wanted.options())
      .set_(bytes.storage(), kSide / wanted.element_size(), wanted.sizes(), wanted.strides());
}

namespace {

at::Tensor empty(c10::SymIntArrayRef size, std::optional<at::ScalarType> type,
                 std::optional<at::Layout> layout, std::optional<at::Device> device,
                 std::optional<bool> pin_memory, std::optional<at::MemoryFormat> format) {
  const c10::impl::ExcludeDispatchKeyGuard plainly(kMode);
  at::Tensor plain = at::empty_symint(size, type, layout, device, pin_memory, format);
  const bool is_taken = innermost && plain.numel() > 0 && plain.layout() == at::kStrided &&
                        (plain.is_cpu() || plain.is_cuda()) && !pin_memory.value_or(false);
  return is_taken ? guarded(plain) : plain;
}

} // namespace

TORCH_LIBRARY_IMPL(_, TESTING_ONLY_GenericMode, library) {
  library.fallback(torch::CppFunction::makeFallthrough());
}

TORCH_LIBRARY_IMPL(aten, TESTING_ONLY_GenericMode, library) {
  library.impl("empty.memory_format", empty);
}

} // namespace kernels
