#include <bench/machine/machine_trace.h>
#include <bench/measure/no_progress.h>
#include <bench/measure/sampler.h>

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace bench::machine {
namespace {

using namespace std::chrono_literals;

/// Keeps every SM multiplying for so many iterations.
__global__ void multiply(float* out, int iterations) {
  float a = threadIdx.x, b = 1.0001f, c = 0.5f;
  for (int i = 0; i < iterations; ++i) {
    a = fmaf(a, b, c);
    b = fmaf(b, 0.9999f, 1e-5f);
    c = fmaf(c, b, 1e-7f);
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a + b + c;
}

constexpr int kBlocks = 132 * 8, kThreads = 256;

/// Loops of ten steps of a few milliseconds each.
class Multiplying final : public measure::Workload {
 public:
  explicit Multiplying(cudaStream_t stream) : stream_(stream) {
    if (cudaMalloc(&out_, sizeof(float) * kBlocks * kThreads) != cudaSuccess)
      throw std::runtime_error("no memory on the GPU");
  }
  ~Multiplying() override { cudaFree(out_); }
  int steps() const override { return 10; }
  void begin() override {}
  void step(int) override { multiply<<<kBlocks, kThreads, 0, stream_>>>(out_, 200'000); }

 private:
  cudaStream_t stream_;
  float* out_ = nullptr;
};

class MachineTraceOnGpu : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(cudaStreamCreate(&stream_), cudaSuccess); }
  void TearDown() override { cudaStreamDestroy(stream_); }

  cudaStream_t stream_ = nullptr;
  measure::NoProgress progress_;
};

TEST_F(MachineTraceOnGpu, OfABusySecondHasItsReadingsOnTheTimeAxisOfTheSamples) {
  const auto device = visible_device(Nvml::load());
  ASSERT_TRUE(device);
  Multiplying workload(stream_);
  const auto marker = measure::make_stamp_marker(stream_);
  std::optional<TraceRecorder> recorder;
  measure::SamplePlan plan{.loops = 1, .loop_time_s = 1, .warmup_s = 1};
  plan.on_steady = [&] { recorder.emplace(*device, 100ms); };
  const measure::Sampled sampled = measure::sample_loops(workload, *marker, plan, progress_);
  const Trace trace = recorder->finish();

  EXPECT_GE(trace.taken, 9);
  EXPECT_LE(trace.taken, static_cast<std::int64_t>(sampled.seconds / 0.1) + 3);
  ASSERT_EQ(trace.readings.size(), static_cast<std::size_t>(trace.taken));
  std::string watts;
  for (std::size_t i = 0; i < trace.readings.size(); ++i) {
    const Reading& reading = trace.readings[i];
    if (i > 0)
      EXPECT_GT(reading.when, trace.readings[i - 1].when);
    ASSERT_TRUE(reading.power_w && reading.sm_clock_hz && reading.temperature_c);
    EXPECT_GT(*reading.power_w, 100);
    EXPECT_LT(*reading.power_w, 1000);
    EXPECT_GT(*reading.sm_clock_hz, 0.3e9);
    EXPECT_LT(*reading.sm_clock_hz, 2.5e9);
    watts += std::to_string(static_cast<int>(*reading.power_w)) + " ";
  }
  RecordProperty("watts", watts);
  ASSERT_TRUE(trace.mean_power_w && trace.counted_power_w);
  EXPECT_NEAR(*trace.counted_power_w / *trace.mean_power_w, 1, 0.03) << watts;

  const auto since_first = [&](const Reading& reading) {
    return std::chrono::duration<double>(reading.when - sampled.first_sample).count();
  };
  const measure::Span &first = sampled.samples.front().span, &last = sampled.samples.back().span;
  const double end_s = last.start_s + last.t_s - first.start_s;
  EXPECT_NEAR(since_first(trace.readings.front()), 0, 0.005);
  EXPECT_NEAR(since_first(trace.readings.back()), end_s, 0.02);
  // What NVML calls the SM clock is what the stamps count, but for the moment of asking.
  std::vector<double> read, counted;
  for (const Reading& reading : trace.readings)
    read.push_back(*reading.sm_clock_hz);
  for (const measure::Sample& sample : sampled.samples)
    counted.push_back(sample.span.f_hz);
  for (std::vector<double>* column : {&read, &counted})
    std::nth_element(column->begin(),
                     column->begin() + static_cast<std::ptrdiff_t>(column->size() / 2),
                     column->end());
  EXPECT_NEAR(read[read.size() / 2] / counted[counted.size() / 2], 1, 0.03);
}

TEST_F(MachineTraceOnGpu, AReadingTakesMillisecondsAtMost) {
  const NvmlDevice device = visible_device(Nvml::load()).value();
  constexpr int kReadings = 100;
  TraceRecorder recorder(device, 10ms);
  std::this_thread::sleep_for(kReadings * 10ms);
  const Trace trace = recorder.finish();
  // One that takes longer than its interval would come late; some wait for the counter of joules.
  EXPECT_GE(trace.taken, kReadings / 2);
}

} // namespace
} // namespace bench::machine
