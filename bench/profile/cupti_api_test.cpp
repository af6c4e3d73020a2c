#include <bench/profile/cupti_api.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <gtest/gtest.h>

namespace bench::profile {
namespace {

/// The one that torch has loaded, which even a machine without a GPU has.
TEST(Cupti, TheOneOfTorchIsOfTheVersionOfItsHeaders) {
  EXPECT_EQ(at::zeros({2}).sum().item<float>(), 0); // torch is here
  const Cupti cupti = open_cupti();
  ASSERT_EQ(cupti.fault, "");
  EXPECT_TRUE(cupti.api.has_activity());
  EXPECT_TRUE(cupti.api.has_range_profiler());
  EXPECT_EQ(version_fault(cupti.api), "");
}

TEST(Cupti, Versions) {
  EXPECT_EQ(version_text(130001), "13.0");
  EXPECT_EQ(version_text(130100), "13.1");
  EXPECT_NE(version_fault({}), "");
}

} // namespace
} // namespace bench::profile
