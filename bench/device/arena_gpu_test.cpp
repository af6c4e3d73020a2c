#include <bench/base/error.h>
#include <bench/device/device.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bench::device {
namespace {

constexpr std::int64_t kPage = Arena::kPageBytes;

class ArenaOnGpu : public testing::Test {
 protected:
  at::TensorOptions options() const {
    return at::TensorOptions().device(device_->torch_device()).dtype(at::kFloat);
  }
  static std::uintptr_t address(const at::Tensor& tensor) {
    return reinterpret_cast<std::uintptr_t>(tensor.data_ptr());
  }
  /// Where inputs, a recording's outputs and a product's workspace come to lie.
  std::vector<std::uintptr_t> addresses(Arena& arena, std::int64_t offset) {
    const auto placement = arena.place(offset);
    const at::Tensor small = at::full({1000}, 2, options()),
                     large = at::full({2000, 2000}, 3, options());
    at::Tensor product, sum;
    const auto recording = device_->record([&] {
      product = at::matmul(large, large);
      sum = small + 1;
    });
    recording->replay();
    device_->synchronize();
    EXPECT_EQ(sum[0].item<float>(), 3);
    EXPECT_EQ(product[0][0].item<float>(), 18000);
    return {address(small), address(large), address(product), address(sum)};
  }

  std::unique_ptr<Device> device_ = open_device(scenario::DeviceKind::cuda);
};

TEST_F(ArenaOnGpu, AllThatIsAllocatedLiesBehindTheOffset) {
  const auto arena = device_->make_arena(256 * kPage);
  addresses(*arena, 0); // what happens once
  const auto first = addresses(*arena, 0), moved = addresses(*arena, 10 * kPage);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(moved[i] - first[i], 10 * kPage) << i;
    EXPECT_LT(first[i] - first[0], 256 * kPage) << i;
  }
}

TEST_F(ArenaOnGpu, WhatHappensBetweenMovesNothing) {
  const auto arena = device_->make_arena(256 * kPage);
  const auto before = addresses(*arena, kPage);
  const at::Tensor kept = at::empty({10'000'000}, options());
  const auto recording = device_->record([&] { kept.fill_(1); });
  addresses(*arena, 3 * kPage);
  EXPECT_EQ(addresses(*arena, kPage), before);
}

TEST_F(ArenaOnGpu, WhatDoesNotFitLiesElsewhere) {
  const auto arena = device_->make_arena(4 * kPage);
  const auto placement = arena->place(0);
  const at::Tensor inside = at::full({1000}, 1, options());
  EXPECT_EQ(placement->displaced_bytes(), 0);
  std::optional<at::Tensor> outside;
  const auto recording = device_->record([&] { outside = at::full({64 << 20}, 2, options()); });
  recording->replay();
  device_->synchronize();
  EXPECT_EQ((*outside)[-1].item<float>(), 2);
  EXPECT_EQ(inside[0].item<float>(), 1);
  EXPECT_GE(placement->displaced_bytes(), 4 * (64 << 20));
}

TEST_F(ArenaOnGpu, ItsMemoryIsGivenBack) {
  { // what the first product and the first recording leave
    const auto arena = device_->make_arena(256 * kPage);
    addresses(*arena, 0);
  }
  const std::int64_t free = device_->free_memory();
  {
    const auto arena = device_->make_arena(256 * kPage);
    EXPECT_LE(device_->free_memory(), free - 256 * kPage);
    addresses(*arena, 5 * kPage);
  }
  EXPECT_NEAR(device_->free_memory(), free, 16 << 20) << "the driver keeps some of its own";
}

TEST_F(ArenaOnGpu, ATensorThatIsKeptOutlivesIt) {
  at::Tensor kept;
  {
    const auto arena = device_->make_arena(8 * kPage);
    const auto placement = arena->place(kPage);
    kept = at::full({1000}, 7, options());
  }
  const at::Tensor other = at::full({8 * kPage / 4}, 1, options());
  EXPECT_EQ(kept.sum().item<float>(), 7000);
  kept.reset();
  EXPECT_EQ(other[-1].item<float>(), 1);
}

TEST_F(ArenaOnGpu, ARecordingThatFailsSaysWhyAndTheNextWorks) {
  const auto arena = device_->make_arena(256 * kPage);
  {
    const auto placement = arena->place(0);
    int runs = 0;
    const auto fails_in_capture = [&] {
      at::full({1000}, 1, options());
      if (++runs == 2)
        throw UnavailableError("not today");
    };
    EXPECT_THROW(device_->record(fails_in_capture), UnavailableError);
    const auto synchronises = [&] { at::full({1000}, 1, options()).sum().item<float>(); };
    EXPECT_THROW(device_->record(synchronises), std::exception);
  }
  EXPECT_NEAR(at::randn({100'000}, options()).mean().item<float>(), 0, 0.02);
  addresses(*arena, kPage);
}

TEST_F(ArenaOnGpu, WhatIsNotThereIsNotMade) {
  EXPECT_THROW(device_->make_arena(device_->total_memory() * 2), UnavailableError);
  EXPECT_NO_THROW(device_->make_arena(kPage));
}

} // namespace
} // namespace bench::device
