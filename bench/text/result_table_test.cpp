#include <bench/text/result_table.h>

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

namespace bench::text {
namespace {

using results::CaseResult;
using results::CaseStatus;
using results::Replicate;
using results::Result;
using results::Samples;

/// One replicate with two loops of three steps each.
Replicate steps_of(std::vector<double> times, double f_hz) {
  Samples samples;
  double start = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    samples.start_s.push_back(start);
    samples.f_hz.push_back(f_hz);
    samples.loop.push_back(static_cast<std::int32_t>(i / 3));
    samples.step.push_back(static_cast<std::int32_t>(i % 3));
    start += times[i];
  }
  samples.t_s = std::move(times);
  return {.process = 1,
          .started = "",
          .device_uuid = "",
          .seed = 0,
          .machine = {},
          .samples = std::move(samples)};
}

CaseResult loop(std::string id) {
  CaseResult result;
  result.id = std::move(id);
  result.kind = "loop";
  result.flop = 5.25e13;
  result.reference.matmul_flop_per_s = 6.5e14;
  result.replicates = {steps_of({0.0931, 0.0932, 0.0930, 0.0931, 0.0933, 0.0931}, 1.5534e9)};
  result.phases_s = {{"warmup", 2.25}, {"capture", 0.5}, {"samples", 0.5}, {"check", 0.25}};
  return result;
}

CaseResult kernel(std::string id) {
  CaseResult result;
  result.id = std::move(id);
  result.kind = "kernel";
  result.bytes = 6.34e7;
  result.reference.copy_t_s = 16.42e-6;
  result.replicates = {steps_of({22.30e-6, 22.31e-6, 22.29e-6}, 1.965e9)};
  result.check.max_abs_error = 0.0078125;
  result.check.max_ulp = 1;
  result.check.exact_share = 1;
  result.phases_s = {{"warmup", 1}, {"samples", 0.75}};
  return result;
}

Result run_on_gpu() {
  Result result;
  result.scenario = "zimage";
  result.profile = "gate";
  result.device = "cuda";
  result.machine = {
      {"gpu", {{"name", "NVIDIA H200"}, {"uuid", "GPU-6b1f2b3c-0d1e-4f50-8a9b-c0d1e2f30415"}}},
      {"driver", {{"version", "580.159"}, {"cuda", "13.0"}}}};
  result.phases_s = {{"start", 0.8}, {"weights", 12.5}};
  return result;
}

std::string plain(const Result& result, const std::filesystem::path& file = {}) {
  return result_table(result, Style(false), file);
}

TEST(ResultTable, LoopsAndKernels) {
  Result result = run_on_gpu();
  result.cases = {loop("zimage/loop/turbo-9/graph/aten"),
                  loop("zimage/loop/turbo-9/graph/decomposed"),
                  kernel("zimage/rms_norm/4128x3840.bf16/aten"),
                  kernel("zimage/rms_norm/123840x128.bf16/decomposed")};
  result.cases[1].replicates = {steps_of({0.125, 0.1251, 0.1252}, 1.6e9),
                                steps_of({0.1253, 0.1254, 0.1255}, 1.62e9)};
  result.cases[3].replicates = {steps_of({195e-6}, 1.9e9)};
  result.cases[3].check.exact_share = 0.7396;
  result.phases_s["reference"] = 0.4;
  result.phases_s["writing"] = 0.5;
  EXPECT_EQ(plain(result, "results/zimage.json"),
            R"(zimage, profile gate, on NVIDIA H200 (GPU-6b1f2b3c), driver 580.159

loop                                  steps  ms/step  spread  s/loop  TFLOP/s  of matmul  SM GHz
zimage/loop/turbo-9/graph/aten            3    93.10  0.08 %  0.2794      564       87 %   1.553
zimage/loop/turbo-9/graph/decomposed      3    125.2  0.18 %  0.3758      419       64 %   1.610

kernel                                      us/launch  spread   TB/s  of copy  max error  ulp  exact
zimage/rms_norm/4128x3840.bf16/aten             22.30  0.07 %   2.84     74 %    7.8e-03    1  100 %
zimage/rms_norm/123840x128.bf16/decomposed      195.0       -  0.325      8 %    7.8e-03    1   73 %

4 cases: 4 ok
took 24.7 s: start 0.8, weights 12.5, reference 0.4, warm-up 6.5, capture 1.0, samples 2.5, check 0.5, other 0.5
result: results/zimage.json
)");
}

TEST(ResultTable, ExactIsAHundredPercentOnlyOfAllElements) {
  Result result = run_on_gpu();
  result.cases = {kernel("a"), kernel("b"), kernel("c")};
  result.cases[1].check.exact_share = 1 - 1e-9;
  result.cases[2].check.exact_share.reset(); // of a file that is older than the field
  const std::string text = plain(result);
  EXPECT_NE(text.find("  1  100 %\nb "), std::string::npos) << text;
  EXPECT_NE(text.find("  1   99 %\nc "), std::string::npos) << text;
  EXPECT_NE(text.find("  1      -\n"), std::string::npos) << text;
}

TEST(ResultTable, JoulesAStep) {
  Result result = run_on_gpu();
  result.cases = {loop("a")};
  result.cases[0].replicates[0].machine["sampled"] = {{"energy_j", 406.8}, {"steps", 6}};
  EXPECT_NE(plain(result).find("SM GHz  J/step\n"), std::string::npos);
  EXPECT_NE(plain(result).find("1.553    67.8\n"), std::string::npos) << plain(result);
}

Result run_with_faults() {
  Result result = run_on_gpu();
  result.cases = {loop("zimage/loop/turbo-9/graph/aten"), loop("zimage/loop/base-50/graph/aten"),
                  kernel("zimage/rms_norm/4128x3840.bf16/aten"),
                  kernel("zimage/rms_norm/4128x3840.bf16/fused")};
  result.cases[1].status = CaseStatus::failed;
  result.cases[1].message = "out of memory: 150 GiB wanted, 139 GiB there";
  result.cases[1].replicates.clear();
  result.cases[2].status = CaseStatus::invalid;
  result.cases[2].message = "faster than memory can be: 6.1 TB/s of 4.8";
  result.cases[3].status = CaseStatus::unavailable;
  result.cases[3].replicates.clear();
  return result;
}

TEST(ResultTable, FailedInvalidAndUnavailableCasesShowNoNumbers) {
  EXPECT_EQ(plain(run_with_faults()),
            R"(zimage, profile gate, on NVIDIA H200 (GPU-6b1f2b3c), driver 580.159

loop                            steps  ms/step  spread  s/loop  TFLOP/s  of matmul  SM GHz
zimage/loop/turbo-9/graph/aten      3    93.10  0.08 %  0.2794      564       87 %   1.553
zimage/loop/base-50/graph/aten  failed: out of memory: 150 GiB wanted, 139 GiB there

kernel
zimage/rms_norm/4128x3840.bf16/aten   invalid: faster than memory can be: 6.1 TB/s of 4.8
zimage/rms_norm/4128x3840.bf16/fused  unavailable

4 cases: 1 ok, 1 invalid, 1 failed, 1 unavailable
took 23.8 s: start 0.8, weights 12.5, warm-up 6.5, capture 1.0, samples 2.5, check 0.5
)");
}

TEST(ResultTable, Colours) {
  std::string text = result_table(run_with_faults(), Style(true));
  for (std::size_t at = 0; (at = text.find('\x1b', at)) != text.npos;)
    text.replace(at, 1, "\\e"); // so that a difference can be read
  EXPECT_EQ(text, R"(\e[1mzimage, profile gate, on NVIDIA H200 (GPU-6b1f2b3c), driver 580.159\e[0m

\e[1mloop                            steps  ms/step  spread  s/loop  TFLOP/s  of matmul  SM GHz\e[0m
zimage/loop/turbo-9/graph/aten      3    93.10  0.08 %  0.2794      564       87 %   1.553
zimage/loop/base-50/graph/aten  \e[31mfailed: out of memory: 150 GiB wanted, 139 GiB there\e[0m

\e[1mkernel\e[0m
zimage/rms_norm/4128x3840.bf16/aten   \e[33minvalid: faster than memory can be: 6.1 TB/s of 4.8\e[0m
zimage/rms_norm/4128x3840.bf16/fused  \e[33munavailable\e[0m

4 cases: 1 ok, 1 invalid, 1 failed, 1 unavailable
took 23.8 s: start 0.8, weights 12.5, warm-up 6.5, capture 1.0, samples 2.5, check 0.5
)");
}

TEST(ResultTable, ACpuSaysSoFirstAndShowsNoColumnItKnowsNothingFor) {
  Result result = run_on_gpu();
  result.profile = "cpu";
  result.device = "cpu";
  result.machine = {{"host", {{"cpu", "some CPU"}}}};
  result.phases_s.clear();
  result.cases = {loop("zimage/loop/turbo-9/eager/aten")};
  result.cases[0].flop = 3.1e9;
  result.cases[0].reference = {};
  result.cases[0].replicates = {steps_of({0.0031, 0.003102, 0.003104}, NAN)};
  result.cases[0].phases_s.clear();
  EXPECT_EQ(plain(result),
            R"(zimage, profile cpu: on the CPU, a model scaled down; times say nothing about an H200

loop                            steps  ms/step  spread    s/loop  TFLOP/s
zimage/loop/turbo-9/eager/aten      3    3.102  0.10 %  0.009306    0.999

1 case: 1 ok
)");
}

TEST(ResultTable, NotesOnValidCasesFollowTheNumbers) {
  Result result = run_on_gpu();
  result.phases_s.clear();
  result.cases = {kernel("zimage/rms_norm/4128x3840.bf16/aten")};
  result.cases[0].phases_s = {{"buffers", 0.2}, {"samples", 0.8}};
  result.cases[0].message = "the launch time was still moving when the warm-up was given up";
  EXPECT_EQ(plain(result), R"(zimage, profile gate, on NVIDIA H200 (GPU-6b1f2b3c), driver 580.159

kernel                               us/launch  spread  TB/s  of copy  max error  ulp  exact
zimage/rms_norm/4128x3840.bf16/aten      22.30  0.07 %  2.84     74 %    7.8e-03    1  100 %

zimage/rms_norm/4128x3840.bf16/aten: the launch time was still moving when the warm-up was given up

1 case: 1 ok
took 1.0 s: buffers 0.2, samples 0.8
)");
}

TEST(ResultTable, EmptyResult) {
  Result result = run_on_gpu();
  result.machine.clear();
  EXPECT_EQ(plain(result), R"(zimage, profile gate, on an unknown GPU

0 cases
took 13.3 s: start 0.8, weights 12.5
)");
}

TEST(ResultTable, InterruptedResult) {
  Result result = run_on_gpu();
  result.interrupted = true;
  result.cases = {loop("zimage/loop/turbo-9/graph/aten"), loop("zimage/loop/turbo-9/eager/aten"),
                  kernel("zimage/rms_norm/4128x3840.bf16/aten")};
  // Stopped in the second loop: its two steps are samples of a step, but no loop.
  result.cases[0].replicates = {steps_of({0.093, 0.093, 0.093, 0.095, 0.095}, 1.55e9)};
  result.cases[1].replicates.clear();
  EXPECT_EQ(plain(result), R"(zimage, profile gate, on NVIDIA H200 (GPU-6b1f2b3c), driver 580.159
interrupted: only what had finished is here

loop                            steps  ms/step  spread  s/loop  TFLOP/s  of matmul  SM GHz
zimage/loop/turbo-9/graph/aten      3    93.00  0.00 %  0.2790      565       87 %   1.550
zimage/loop/turbo-9/eager/aten  no samples

kernel                               us/launch  spread  TB/s  of copy  max error  ulp  exact
zimage/rms_norm/4128x3840.bf16/aten      22.30  0.07 %  2.84     74 %    7.8e-03    1  100 %

3 cases: 3 ok
took 22.1 s: start 0.8, weights 12.5, warm-up 5.5, capture 1.0, samples 1.8, check 0.5
)");
}

TEST(ResultTable, FitsInto110ColumnsWithTheLongestIds) {
  Result result = run_on_gpu();
  result.cases = {loop("qwen_image_edit/loop/lightning-8/graph/decomposed"),
                  kernel("qwen_image_edit/rms_norm/221184x128.bf16/decomposed")};
  std::istringstream lines(plain(result));
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(line.size(), 110u) << line;
}

} // namespace
} // namespace bench::text
