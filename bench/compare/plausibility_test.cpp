#include <bench/compare/plausibility.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::compare {
namespace {

results::CaseResult with(const std::string& kind, double t_s) {
  results::CaseResult result;
  result.kind = kind;
  result.parameters["dtype"] = "bf16";
  result.replicates.emplace_back().samples = {
      .start_s = {0}, .t_s = {t_s}, .f_hz = {1.5e9}, .loop = {0}, .step = {0}};
  return result;
}

TEST(ImpossibleSpeed, OfAKernelIsFarAboveACopys) {
  results::CaseResult kernel = with("kernel", 16e-6);
  EXPECT_EQ(impossible_speed(kernel), ""); // no copy: unknown
  kernel.reference.copy_t_s = 16.2e-6;
  EXPECT_EQ(impossible_speed(kernel), "");
  kernel.reference.copy_t_s = 32e-6;
  EXPECT_EQ(impossible_speed(kernel), "16.00 us a launch is 200 % of the speed of a copy of the "
                                      "same bytes: its work cannot have been done");
}

TEST(ImpossibleSpeed, OfALoopIsAboveAProducts) {
  results::CaseResult loop = with("loop", 0.1);
  loop.reference.matmul_flop_per_s = 700e12;
  loop.flop = 65e12;
  EXPECT_EQ(impossible_speed(loop), "");
  loop.flop = 140e12;
  EXPECT_EQ(impossible_speed(loop), "1400 TFLOP/s is 200 % of a large matrix product's: its work "
                                    "cannot have been done");
}

TEST(ImpossibleSpeed, OfALoopIsJudgedAtItsClock) {
  results::CaseResult loop = with("loop", 0.1); // at 1.5 GHz
  loop.reference.matmul_flop_per_s = 700e12;
  loop.flop = 80e12;
  loop.reference.matmul_f_hz = 1.2e9; // 875 TFLOP/s at the loop's
  EXPECT_EQ(impossible_speed(loop), "");
  loop.reference.matmul_f_hz = 1.5e9;
  EXPECT_EQ(impossible_speed(loop), "800 TFLOP/s is 114 % of a large matrix product's at the same "
                                    "clock: its work cannot have been done");
  loop.reference.matmul_f_hz = 1.2e9;
  loop.replicates[0].samples.f_hz = {std::nan("")}; // as another worker's may be
  EXPECT_NE(impossible_speed(loop), "");
}

TEST(SettingChanged, SinceTheRunBeganIsInvalid) {
  results::Result run;
  results::CaseResult loop = with("loop", 0.1);
  auto& machine = loop.replicates[0].machine;
  machine["before"] = {{"power_limit_w", 700}, {"application_sm_clock_hz", 1980e6}};
  machine["after"] = machine["before"];
  EXPECT_EQ(setting_changed(run, loop), "") << "nobody knows how it began";
  run.machine["gpu"] = {{"power_limit_w", "700"}, {"application_sm_clock_hz", "1980000000"}};
  EXPECT_EQ(setting_changed(run, loop), "");
  machine["after"]["application_sm_clock_hz"] = 1500e6;
  EXPECT_EQ(setting_changed(run, loop), "the application clock was 1980 MHz when the run began, "
                                        "1500 MHz when it was measured");
  machine["before"]["power_limit_w"] = 600;
  EXPECT_EQ(setting_changed(run, loop),
            "the power limit was 700 W when the run began, 600 W when it was measured");
}

TEST(SettingChanged, AClockLockedBetweenProcessesIsInvalid) {
  results::CaseResult locked = with("loop", 0.1);
  locked.replicates[0].machine["sampled"] = {{"readings", 20}, {"locked", 0.9}};
  results::Result run;
  EXPECT_EQ(setting_changed(run, locked), "") << "from the start: comparable with its like";
  run.cases = {locked};
  EXPECT_EQ(setting_changed(run, locked), "");
  run.cases[0].replicates.push_back(with("loop", 0.1).replicates[0]);
  EXPECT_EQ(setting_changed(run, locked),
            "the SM clock looks locked by hand, and did not in an earlier process");
  EXPECT_EQ(setting_changed(run, with("loop", 0.1)), "");
}

TEST(WrongOutput, IsFurtherOffThanRoundingsExplain) {
  results::CaseResult kernel = with("kernel", 16e-6);
  kernel.check.max_abs_error = 0.06;
  kernel.check.rms = 1;
  EXPECT_EQ(wrong_output(kernel), "");
  kernel.parameters["dtype"] = "fp32";
  EXPECT_EQ(wrong_output(kernel), "the output is up to 0.06 off the fp64 result, whose root mean "
                                  "square is 1: it is wrong, so its speed means nothing");
  kernel.kind = "loop"; // whose steps are compared
  EXPECT_EQ(wrong_output(kernel), "");
}

} // namespace
} // namespace bench::compare
