#include <bench/profile/aggregate.h>

#include <gtest/gtest.h>

#include <stdexcept>

namespace bench::profile {
namespace {

/// As of a loop: the first sample only says where the next one begins.
results::KernelProfile of_steps(const std::vector<Records>& samples) {
  return aggregate(std::span(samples).subspan(1), end_of(samples.front()));
}

Record record(std::string name, std::string operation, std::uint64_t start, std::uint64_t end,
              std::int64_t blocks = 132) {
  Record r;
  r.name = std::move(name);
  r.operation = std::move(operation);
  r.grid = {blocks, 1, 1};
  r.block = {256, 1, 1};
  r.registers = 32;
  r.start_ns = start;
  r.end_ns = end;
  return r;
}

Record stamp(std::uint64_t start) {
  return record("bench::measure::(anonymous namespace)::stamp(bench::measure::SmStamp*)", "", start,
                start + 5);
}

/// norm 100 ns, a gap of 20, product `product` ns, copy 30 ns that begins 10 before its end.
Records step(std::uint64_t start, std::uint64_t product = 500) {
  const std::uint64_t end = start + 120 + product;
  return {record("norm", "rms_norm", start, start + 100),
          record("gemm", "linear", start + 120, end),
          record("[memcpy]", "", end - 10, end + 20, 0)};
}

TEST(Aggregate, RowsAndGapsAddUpToASample) {
  // A step begins 50 ns after the last one's end. Ends: 1640, 2530, 3220.
  const std::vector<Records> steps{step(1000), step(1690, 700), step(2580)};
  const results::KernelProfile profile = of_steps(steps);
  EXPECT_EQ(profile.samples, 2);
  EXPECT_EQ(profile.message, "");
  EXPECT_NEAR(profile.sample_s, (890 + 690) / 2 * 1e-9, 1e-15);
  ASSERT_EQ(profile.kernels.size(), 3u);
  const results::ProfiledKernel& gemm = profile.kernels[0];
  EXPECT_EQ(gemm.name, "gemm");
  EXPECT_EQ(gemm.operation, "linear");
  EXPECT_EQ(gemm.launches, 1);
  EXPECT_NEAR(gemm.total_s, 600e-9, 1e-15);
  EXPECT_NEAR(gemm.median_s, 600e-9, 1e-15);
  EXPECT_EQ(gemm.registers, 32);
  EXPECT_EQ(profile.kernels[1].operation, "rms_norm");
  EXPECT_EQ(profile.kernels[2].operation, "other");
  EXPECT_NEAR(profile.kernels[2].total_s, 20e-9, 1e-15) << "10 ns of it lie in the product's";
  EXPECT_NEAR(profile.gaps_s, (20 + 50) * 1e-9, 1e-15);
  double sum = profile.gaps_s;
  for (const auto& k : profile.kernels)
    sum += k.total_s;
  EXPECT_NEAR(sum, profile.sample_s, 1e-15);
}

/// As programmatic dependent launches do: each is on the GPU long before its turn.
TEST(Aggregate, KernelsThatWaitOnTheGpuCountFromTheirTurn) {
  std::vector<Records> samples;
  for (std::uint64_t i = 0; i < 10; ++i) // one ends every 100 ns, and began up to 450 before
    samples.push_back({record("a", "x", i < 4 ? i : 100 * i - 350, 100 * i + 100)});
  const results::KernelProfile profile = of_steps(samples);
  EXPECT_NEAR(profile.sample_s, 100e-9, 1e-15);
  EXPECT_NEAR(profile.kernels[0].median_s, 100e-9, 1e-15);
  EXPECT_EQ(profile.gaps_s, 0);
}

TEST(Aggregate, AKernelInTheShadowOfAnother) {
  const auto sample = [](std::uint64_t t) {
    return Records{record("long", "x", t, t + 100), record("short", "y", t + 10, t + 50)};
  };
  const results::KernelProfile profile = of_steps({sample(0), sample(120)});
  EXPECT_NEAR(profile.sample_s, 120e-9, 1e-15);
  EXPECT_NEAR(profile.gaps_s, 20e-9, 1e-15);
  EXPECT_EQ(profile.kernels[1].name, "short");
  EXPECT_EQ(profile.kernels[1].launches, 1);
  EXPECT_EQ(profile.kernels[1].total_s, 0);
}

TEST(Aggregate, OneKernelHasARowForEachOperationAndGrid) {
  const auto sample = [](std::uint64_t t) {
    return Records{record("norm", "q", t, t + 10), record("norm", "q", t + 10, t + 40),
                   record("norm", "k", t + 40, t + 50), record("norm", "q", t + 50, t + 51, 64)};
  };
  const results::KernelProfile profile = of_steps({sample(0), sample(100)});
  ASSERT_EQ(profile.kernels.size(), 3u);
  EXPECT_EQ(profile.kernels[0].launches, 2);
  EXPECT_NEAR(profile.kernels[0].total_s, 40e-9, 1e-15);
  EXPECT_NEAR(profile.kernels[0].median_s, 20e-9, 1e-15);
  EXPECT_EQ(profile.kernels[1].operation, "k");
  EXPECT_EQ(profile.kernels[2].grid[0], 64);
  EXPECT_EQ(row_of(profile, sample(0)[2]), 1);
  EXPECT_EQ(row_of(profile, record("norm", "v", 0, 1)), -1);
}

TEST(Aggregate, SamplesThatDiffer) {
  Records more = step(2000);
  more.push_back(record("extra", "", 2700, 2710));
  const results::KernelProfile profile = of_steps({step(1000), more, step(3000)});
  EXPECT_EQ(profile.message,
            "the samples do not launch the same kernels: launches are means, rounded");
}

/// As of launches of a kernel: from where the first began.
TEST(Aggregate, FromWhereTheFirstBegan) {
  const std::vector<Records> launches{{record("a", "x", 1000, 1100)},
                                      {record("a", "x", 1120, 1200)}};
  const results::KernelProfile profile = aggregate(launches, 1000);
  EXPECT_EQ(profile.samples, 2);
  EXPECT_NEAR(profile.sample_s, 100e-9, 1e-15);
  EXPECT_NEAR(profile.gaps_s, 10e-9, 1e-15);
  EXPECT_NEAR(profile.kernels[0].total_s, 90e-9, 1e-15);
}

TEST(Aggregate, NeedsSamplesWithKernels) {
  const std::vector<Records> none, empty{step(0), {}};
  EXPECT_THROW(aggregate(none, 0), std::invalid_argument);
  EXPECT_THROW(aggregate(empty, 0), std::invalid_argument);
}

TEST(Split, AtStamps) {
  Records all{record("before", "", 0, 1), stamp(10)};
  for (const std::uint64_t t : {100u, 1000u}) {
    for (Record& r : step(t))
      all.push_back(r);
    all.push_back(stamp(t + 800));
  }
  all.push_back(record("[memcpy]", "", 3000, 3010)); // of the stamps to the host
  const std::vector<Records> samples = split_at_stamps(all);
  ASSERT_EQ(samples.size(), 2u);
  for (const Records& s : samples) {
    ASSERT_EQ(s.size(), 3u);
    EXPECT_EQ(s.front().name, "norm");
  }
  EXPECT_TRUE(split_at_stamps({record("a", "", 0, 1)}).empty());
  EXPECT_TRUE(split_at_stamps({stamp(0)}).empty());
}

TEST(Split, Evenly) {
  const Records six(6, record("a", "", 0, 1));
  EXPECT_EQ(split_evenly(six, 3).size(), 3u);
  EXPECT_EQ(split_evenly(six, 3)[2].size(), 2u);
  EXPECT_TRUE(split_evenly(six, 4).empty());
  EXPECT_TRUE(split_evenly({}, 4).empty());
}

} // namespace
} // namespace bench::profile
