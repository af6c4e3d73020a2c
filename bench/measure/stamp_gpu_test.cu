#include <bench/measure/marker.h>

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cmath>

namespace bench::measure {
namespace {

constexpr int kSharedBytes = 200 * 1024; // one block an SM

/// Holds every SM for that many of its cycles.
__global__ void spin_cycles(long long cycles) {
  const long long start = clock64();
  while (clock64() - start < cycles) {
  }
}

class Stamps : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(cudaStreamCreate(&stream_), cudaSuccess);
    ASSERT_EQ(cudaFuncSetAttribute(spin_cycles, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   kSharedBytes),
              cudaSuccess);
    int device = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, device);
    marker_ = make_stamp_marker(stream_, 64);
  }
  void TearDown() override { cudaStreamDestroy(stream_); }

  void spin(long long cycles) { spin_cycles<<<sms_, 32, kSharedBytes, stream_>>>(cycles); }

  /// Keeps the GPU busy while the host enqueues what is timed, so that no launch is waited for.
  void head_start() { spin(20'000'000); }

  Span span_of_spin(long long cycles) {
    head_start();
    marker_->mark();
    spin(cycles);
    marker_->mark();
    return marker_->take().at(0);
  }

  cudaStream_t stream_ = nullptr;
  int sms_ = 0;
  std::unique_ptr<Marker> marker_;
};

TEST_F(Stamps, ASpinOfKnownCyclesGivesItsCycles) {
  span_of_spin(300'000'000); // clocks up, module loaded
  constexpr long long kCycles = 400'000'000;
  // The spin ends with its slowest SM, which counts what was asked for; faster ones count more.
  const auto cycles = [](const Span& span) { return span.slowest_f_hz * span.t_s; };
  const double launches = cycles(span_of_spin(0));
  for (int i = 0; i < 3; ++i) {
    const Span span = span_of_spin(kCycles);
    ASSERT_TRUE(span.valid);
    EXPECT_NEAR((cycles(span) - launches) / kCycles, 1, 1e-4) << "median SM at " << span.f_hz;
    EXPECT_GT(span.f_hz, 0.3e9);
    EXPECT_LT(span.f_hz, 2.5e9);
    RecordProperty("slowest_over_median_" + std::to_string(i),
                   std::to_string(span.slowest_f_hz / span.f_hz));
  }
}

TEST_F(Stamps, AStampedSpanAgreesWithCudaEvents) {
  cudaEvent_t first, second;
  ASSERT_EQ(cudaEventCreate(&first), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&second), cudaSuccess);
  const auto difference_s = [&](long long cycles) {
    head_start();
    marker_->mark();
    cudaEventRecord(first, stream_);
    spin(cycles);
    cudaEventRecord(second, stream_);
    marker_->mark();
    const Span span = marker_->take().at(0);
    EXPECT_TRUE(span.valid);
    float ms = 0;
    EXPECT_EQ(cudaEventElapsedTime(&ms, first, second), cudaSuccess);
    return span.t_s - ms * 1e-3;
  };
  difference_s(100'000'000);
  // Both see the same spin; what the launches around it cost is the same for a short and a long
  // one.
  const double fixed_s = difference_s(200'000);
  EXPECT_NEAR(fixed_s, 0, 20e-6);
  for (int i = 0; i < 5; ++i)
    EXPECT_NEAR(difference_s(150'000'000), fixed_s, 2e-6);
  cudaEventDestroy(first);
  cudaEventDestroy(second);
}

TEST_F(Stamps, CostAFewMicroseconds) {
  span_of_spin(1'000'000);
  head_start();
  for (int i = 0; i < 33; ++i)
    marker_->mark();
  const auto spans = marker_->take();
  ASSERT_EQ(spans.size(), 32u);
  double total = 0;
  for (const Span& span : spans)
    total += span.t_s;
  EXPECT_LT(total / 32, 10e-6);
  RecordProperty("us_per_stamp", std::to_string(total / 32 * 1e6));
}

TEST_F(Stamps, MoreMarksThanFitAreRefused) {
  for (int i = 0; i < marker_->capacity(); ++i)
    marker_->mark();
  EXPECT_THROW(marker_->mark(), std::runtime_error);
  EXPECT_EQ(marker_->take().size(), 63u);
  marker_->mark();
}

} // namespace
} // namespace bench::measure
