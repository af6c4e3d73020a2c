#include <bench/text/kernel_table.h>

#include <gtest/gtest.h>

#include <sstream>

namespace bench::text {
namespace {

results::ProfiledKernel kernel(std::string name, std::string operation, std::int64_t launches,
                               double total_s, std::array<std::int64_t, 3> grid = {4128, 1, 1}) {
  results::ProfiledKernel k;
  k.name = std::move(name);
  k.operation = std::move(operation);
  k.grid = grid;
  k.block = {256, 1, 1};
  k.registers = 168;
  k.launches = launches;
  k.total_s = total_s;
  k.median_s = total_s / static_cast<double>(launches);
  return k;
}

results::Result profiled() {
  results::CaseResult c;
  c.id = "zimage/loop/turbo-9/graph/aten";
  c.kind = "loop";
  results::Replicate replicate;
  replicate.samples = {.start_s = {0, 0.1, 0.2},
                       .t_s = {0.0891, 0.0890, 0.0892},
                       .f_hz = {1.43e9, 1.43e9, 1.43e9},
                       .loop = {0, 0, 0},
                       .step = {0, 1, 2}};
  c.replicates = {replicate};
  c.profile = results::KernelProfile{
      .source = "CUPTI 13.0 activity",
      .message = "",
      .samples = 8,
      .sample_s = 0.0900,
      .gaps_s = 0.0007,
      .f_hz = 1.42e9,
      .plain_sample_s = 0.0896,
      .kernels = {
          kernel("nvjet_hsh_128x256_64x4_2x1_v_bz_coopA_TNT", "linear", 148, 0.0600, {132, 1, 1}),
          kernel("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_3_64x128x128_"
                 "4x1x1_kernel0_0",
                 "attention", 34, 0.0250, {33, 30, 2}),
          kernel("void at::native::vectorized_elementwise_kernel<4, at::native::tanh_kernel_cuda("
                 "at::TensorIteratorBase&)::{lambda()#2}>(int, at::detail::Array<char*, 2>)",
                 "modulation", 1, 0.0040),
          kernel("[memcpy]", "set_step", 1, 0.0003, {0, 0, 0})}};
  c.profile->kernels.back().registers = 0;
  results::Result result;
  result.cases = {c};
  return result;
}

TEST(KernelTables, WhatALoopsStepIsMadeOf) {
  const std::string text = kernel_tables(profiled(), 2, Style(false));
  EXPECT_EQ(text, R"(
kernels of zimage/loop/turbo-9/graph/aten, by CUPTI 13.0 activity
8 steps of 90.00 ms at 1.420 GHz, 89.60 ms while the profiler slept: it costs +0.4 %; timed 89.10 ms at 1.430 GHz

kernel                                                   operation  launches     total    median    share     grid  regs
nvjet_hsh_128x256_64x4_2x1_v_bz_coopA_TNT                   linear       148  60.00 ms  405.4 us   66.7 %      132   168
cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgm..  attention        34  25.00 ms  735.3 us   27.8 %  33x30x2   168
(2 others)                                                       -         2  4.300 ms         -    4.8 %        -     -
(gaps)                                                           -         -  700.0 us         -    0.8 %        -     -
sum                                                              -       184  90.00 ms         -  100.0 %        -     -
)");
}

TEST(KernelTables, FitInto120Columns) {
  results::Result result = profiled();
  for (results::ProfiledKernel& k : result.cases[0].profile->kernels) {
    k.name = std::string(160, 'x');
    k.operation = "add_gated_rms_norm_then_scale";
    k.grid = {12345, 1, 1};
  }
  const std::string text = kernel_tables(result, 20, Style(false));
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);)
    longest = std::max(longest, line.size());
  EXPECT_LE(longest, 120u) << text;
  EXPECT_GE(longest, 118u) << text;
}

TEST(KernelTables, CountersWhereTheGpuCounted) {
  results::Result result = profiled();
  result.cases[0].profile->kernels[0].counters = results::Counters{.dram_read_bytes = 31.7e6,
                                                                   .dram_written_bytes = 31.7e6,
                                                                   .l2_hit_rate = 0.5,
                                                                   .tensor_utilization = 0.921};
  const std::string text = kernel_tables(result, 2, Style(false));
  EXPECT_NE(text.find("DRAM  L2 hits  tensor"), std::string::npos) << text;
  EXPECT_NE(text.find("63.40 MB   50.0 %  92.1 %"), std::string::npos) << text;
}

TEST(KernelTables, HowNearAStepComesToCopyAndProduct) {
  results::Result result = profiled();
  results::CaseResult& loop = result.cases[0];
  loop.flop = 5.51e13;
  loop.reference.matmul_flop_per_s = 6.87e14;
  loop.profile->counters = results::Counters{.dram_read_bytes = 1.23e10,
                                             .dram_written_bytes = 4.5e9,
                                             .l2_hit_rate = 0.613,
                                             .tensor_utilization = 0.7092};
  results::CaseResult copy;
  copy.id = "zimage/anchor/copy";
  copy.kind = "anchor";
  copy.bytes = 5.36870912e9;
  copy.replicates.emplace_back().samples.t_s = {1.269e-3};
  result.cases.push_back(copy);
  const auto lines = [&] {
    const std::string text = kernel_tables(result, 2, Style(false));
    const std::size_t from = text.find("\na step: ");
    return from == text.npos ? text : text.substr(from + 1, text.find("\n\n", from) - from - 1);
  };
  EXPECT_EQ(
      lines(),
      "a step: 12.30 GB read, 4.50 GB written, L2 hits 61.3 %, tensor pipes at work in 70.9 % of "
      "its cycles\n189 GB/s is 4 % of the copy (4.23 TB/s), 618 TFLOP/s is 90 % of the product "
      "(687 "
      "TFLOP/s): nearer to the tensor cores' bound");
  result.cases[0].profile->counters->dram_read_bytes = 3.6e11;
  EXPECT_NE(lines().find("4.09 TB/s is 97 % of the copy"), std::string::npos) << lines();
  EXPECT_TRUE(lines().ends_with(": nearer to the memory's bound")) << lines();
  result.cases.pop_back();
  result.cases[0].reference.matmul_flop_per_s.reset();
  EXPECT_TRUE(lines().ends_with("\n4.09 TB/s, 618 TFLOP/s")) << lines();
}

TEST(KernelTables, WhyNothingWasCounted) {
  results::Result result = profiled();
  result.cases[0].profile->counters_message = "no counters: the driver lets only administrators";
  const std::string text = kernel_tables(result, 2, Style(false));
  EXPECT_NE(text.find("\nno counters: the driver lets only administrators\n8 steps of "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\nnvjet_hsh"), std::string::npos) << "the table is there";
}

TEST(KernelTables, WhyThereIsNone) {
  results::Result result = profiled();
  result.cases[0].profile = results::KernelProfile{};
  result.cases[0].profile->message = "there is no CUPTI";
  EXPECT_EQ(kernel_tables(result, 5, Style(false)), "\nno kernel tables: there is no CUPTI\n");
  result.cases.push_back(profiled().cases[0]);
  const std::string text = kernel_tables(result, 5, Style(false));
  EXPECT_NE(text.find("kernels of zimage/loop/turbo-9/graph/aten\nthere is no CUPTI\n"),
            std::string::npos)
      << text;
  result.cases[0].profile.reset();
  result.cases[1].profile.reset();
  EXPECT_EQ(kernel_tables(result, 5, Style(false)), "");
}

} // namespace
} // namespace bench::text
