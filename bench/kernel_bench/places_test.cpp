#include <bench/kernel_bench/places.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace bench::kernel_bench {
namespace {

std::vector<std::int64_t> pages_of(const std::string& family, const std::string& shape,
                                   const std::string& path, int count) {
  std::vector<std::int64_t> places = places_of(
      {.family = family, .shape = *scenario::parse_kernel_shape(shape), .path = path}, count);
  for (std::int64_t& place : places) {
    EXPECT_EQ(place % device::Arena::kPageBytes, 0);
    place /= device::Arena::kPageBytes;
  }
  return places;
}

// Baselines hold times at these places: where they move, "places" in bench/scenario/hash.cpp is to
// be changed and kernels are to be measured again.
TEST(Places, AreThoseOfTheBaselines) {
  EXPECT_EQ(pages_of("rms_norm", "4128x3840.bf16", "fused", 8),
            (std::vector<std::int64_t>{198, 110, 98, 226, 225, 68, 104, 119}));
  EXPECT_EQ(pages_of("swiglu", "32x10240.bf16", "aten", 8),
            (std::vector<std::int64_t>{122, 30, 7, 175, 170, 15, 158, 119}));
}

TEST(Places, AreTheSameForAllPathsOfAShape) {
  const auto places = pages_of("rms_norm", "32x3840.bf16", "fused", 8);
  EXPECT_EQ(pages_of("rms_norm", "32x3840.bf16", "aten", 8), places);
  EXPECT_NE(pages_of("rms_norm", "32x3840.fp32", "fused", 8), places);
  EXPECT_NE(pages_of("rms_norm_scale", "32x3840.bf16", "fused", 8), places);
}

TEST(Places, MoreBeginWithTheFewer) {
  auto places = pages_of("rms_norm", "32x3840.bf16", "fused", 20);
  places.resize(8);
  EXPECT_EQ(pages_of("rms_norm", "32x3840.bf16", "fused", 8), places);
}

TEST(Places, AreEachOnceUntilThereAreNoMore) {
  const auto places = pages_of("rms_norm", "32x3840.bf16", "fused", kPages + 2);
  const std::set<std::int64_t> distinct(places.begin(), places.begin() + kPages);
  EXPECT_EQ(distinct.size(), kPages);
  EXPECT_EQ(*distinct.begin(), 0);
  EXPECT_EQ(*distinct.rbegin(), kPages - 1);
  EXPECT_EQ(places[kPages], places[0]);
  EXPECT_EQ(places[kPages + 1], places[1]);
}

} // namespace
} // namespace bench::kernel_bench
