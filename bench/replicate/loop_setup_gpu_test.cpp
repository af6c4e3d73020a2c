#include <bench/measure/no_progress.h>
#include <bench/models/tiny_model.h>
#include <bench/replicate/loop_setup.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

namespace bench::replicate {
namespace {

constexpr std::int64_t kArenaPages = 256;

class LoopsOnGpu : public testing::Test {
 protected:
  LoopsOnGpu() {
    loop_.model = models::tiny_model();
    loop_.model.dtype = scenario::DType::bf16;
    loop_.model.architecture["head_width"] = 128;
    loop_.loop = "tiny";
    loop_.spec.steps = 2;
    loop_.engine = "graph";
    loop_.paths = {{"rms_norm", "aten"}};
  }
  ReadyLoop make(LoopMaker& loops) {
    loops.begin_case();
    return loops.make(loops.network(loop_), loop_, Injection{});
  }
  /// Where the next buffer would lie: behind all that the loop that lives has allocated.
  std::uintptr_t next_address() const {
    const auto options = at::TensorOptions().device(device_->torch_device()).dtype(at::kByte);
    return reinterpret_cast<std::uintptr_t>(at::empty({4 << 20}, options).data_ptr());
  }

  scenario::LoopCase loop_;
  std::unique_ptr<device::Device> device_ = device::open_device(scenario::DeviceKind::cuda);
  measure::NoProgress progress_;
};

TEST_F(LoopsOnGpu, LieAtOnePlaceWhateverWasMeasuredBefore) {
  auto arena = device_->make_arena(kArenaPages * device::Arena::kPageBytes);
  std::uintptr_t begin = 0;
  {
    const auto place = arena->place(0);
    begin = next_address();
  }
  LoopMaker loops(*device_, std::move(arena), progress_);
  std::uintptr_t first = 0;
  {
    const ReadyLoop ready = make(loops);
    ASSERT_TRUE(ready.place);
    EXPECT_EQ(ready.place->displaced_bytes(), 0);
    first = next_address();
  }
  EXPECT_GT(first, begin) << "the loop's own buffers come first";
  EXPECT_LT(first, begin + kArenaPages * device::Arena::kPageBytes);
  // Another loop leaves nothing behind in the arena, nor does what is kept elsewhere.
  const auto options = at::TensorOptions().device(device_->torch_device()).dtype(at::kByte);
  const at::Tensor kept = at::empty({30 << 20}, options);
  loop_.paths = {{"rms_norm", "decomposed"}};
  { const ReadyLoop other = make(loops); }
  loop_.paths = {{"rms_norm", "aten"}};
  const ReadyLoop again = make(loops);
  ASSERT_TRUE(again.place);
  EXPECT_EQ(again.place->displaced_bytes(), 0);
  EXPECT_EQ(next_address(), first);
}

TEST_F(LoopsOnGpu, LieAnywhereOnceTheirMemoryIsGivenBack) {
  LoopMaker loops(*device_, device_->make_arena(kArenaPages * device::Arena::kPageBytes),
                  progress_);
  { const ReadyLoop ready = make(loops); }
  loops.give_memory_back();
  const ReadyLoop ready = make(loops);
  EXPECT_FALSE(ready.place);
  ready.prepared->begin();
  for (int i = 0; i < ready.prepared->steps(); ++i)
    ready.prepared->step(i);
  EXPECT_TRUE(ready.denoise->digest().finite);
}

} // namespace
} // namespace bench::replicate
