#include <bench/stats/fake_observations.h>
#include <bench/stats/judge.h>
#include <bench/stats/variance.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace bench::stats {
namespace {

using Arm = std::vector<Observation>;
using Indices = std::vector<std::size_t>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One replicate of one sample, without a clock.
Observation plain(double log_t, std::string device = "GPU-a", std::optional<double> anchor = {}) {
  return {.device = std::move(device),
          .log_t = {log_t},
          .log_f = {},
          .group = {0},
          .log_anchor = anchor};
}

/// Three replicates around `centre` with a standard deviation of 0.001.
Arm three(double centre, const std::string& device = "GPU-a") {
  return {plain(centre - 0.001, device), plain(centre, device), plain(centre + 0.001, device)};
}

TEST(Verdict, Names) {
  EXPECT_EQ(to_string(Verdict::pass), "pass");
  EXPECT_EQ(to_string(Verdict::missing), "missing");
  for (const Verdict verdict : kVerdicts)
    EXPECT_FALSE(to_string(verdict).empty());
}

TEST(Verdict, OfAnInterval) {
  struct Row {
    double estimate;
    double half_width;
    Verdict verdict;
  };
  constexpr Row kRows[]{
      {0, 0, Verdict::pass},
      {0, 0.0019, Verdict::pass},
      {0, 0.0021, Verdict::inconclusive},
      {0.0015, 0.0004, Verdict::pass},
      {0.0015, 0.001, Verdict::pass}, // reaches over the gate, but is narrow
      {0.0015, 0.0011, Verdict::inconclusive},
      {0.0025, 0.001, Verdict::regression},
      {0.0025, 0.0011, Verdict::inconclusive},
      {0.0040, 0.0019, Verdict::regression}, // wide, but wholly outside
      {0.0040, 0.0021, Verdict::inconclusive},
      {-0.0015, 0.001, Verdict::pass},
      {-0.0025, 0.001, Verdict::improvement},
      {-0.0025, 0.0011, Verdict::inconclusive},
      {-0.0040, 0.0019, Verdict::improvement},
      {0.001999, 0, Verdict::regression}, // log(1.002) = 0.001998
      {0.001997, 0, Verdict::pass},
      {-0.002001, 0, Verdict::pass}, // log(0.998) = -0.002002
      {-0.002003, 0, Verdict::improvement},
      {0, kInfinity, Verdict::inconclusive},
      {1, kInfinity, Verdict::inconclusive},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(verdict_of({row.estimate, row.half_width}, 0.002), row.verdict)
        << row.estimate << " +- " << row.half_width;
  }
  EXPECT_EQ(verdict_of({std::log1p(0.002), 0}, 0.002), Verdict::pass);
  EXPECT_THROW(verdict_of({0, 0}, -0.1), std::invalid_argument);
  EXPECT_THROW(verdict_of({0, 0}, 1), std::invalid_argument);
  EXPECT_THROW(verdict_of({0, 0}, std::nan("")), std::invalid_argument);
}

TEST(Judge, RefusesWhatIsNoData) {
  const Arm good = three(0);
  const auto refuses = [&](const Observation& bad) {
    const Arm arm{plain(0), bad};
    EXPECT_THROW(judge(arm, good, {}), std::invalid_argument);
    EXPECT_THROW(judge(good, arm, {}), std::invalid_argument);
  };
  EXPECT_THROW(judge(Arm{}, good, {}), std::invalid_argument);
  EXPECT_THROW(judge(good, Arm{}, {}), std::invalid_argument);
  refuses({});
  refuses(plain(std::nan("")));
  refuses(plain(kInfinity));
  refuses(plain(0, "GPU-a", std::nan("")));
  refuses({.device = "", .log_t = {1, 2}, .log_f = {}, .group = {0}, .log_anchor = {}});
  refuses({.device = "", .log_t = {1, 2}, .log_f = {1}, .group = {0, 0}, .log_anchor = {}});
  refuses({.device = "", .log_t = {1}, .log_f = {std::nan("")}, .group = {0}, .log_anchor = {}});
  EXPECT_THROW(judge(good, good, {.gate = -1}), std::invalid_argument);
  EXPECT_THROW(judge(good, good, {.confidence = 1}), std::invalid_argument);
}

TEST(Judge, IntervalByHand) {
  const Judgement judgement = judge(three(0), three(0.02), {});
  EXPECT_NEAR(judgement.work.estimate, 0.02, 1e-12);
  EXPECT_NEAR(judgement.work.half_width, 4.604095 * 0.001 * std::sqrt(2.0 / 3), 1e-9);
  EXPECT_NEAR(judgement.wall, 0.02, 1e-12);
  EXPECT_NEAR(judgement.clock, 0, 1e-12);
  EXPECT_FALSE(judgement.slope);
  EXPECT_EQ(judgement.verdict, Verdict::regression);
  EXPECT_EQ(judgement.reason, "");
  EXPECT_EQ(judgement.base_replicates, 3);
  EXPECT_EQ(judgement.new_replicates, 3);
  EXPECT_TRUE(judgement.same_device);
}

TEST(Judge, PriorNarrowsTheInterval) {
  const Rules rules{.noise = {.replicate_sd = 0.001, .replicate_df = 20}};
  const Judgement judgement = judge(three(0), three(0), rules);
  EXPECT_NEAR(judgement.work.half_width, 2.796940 * 0.001 * std::sqrt(2.0 / 3), 1e-9);
}

TEST(Judge, PriorThatTheDataRefuteIsDropped) {
  const Rules rules{.noise = {.replicate_sd = 0.0001, .replicate_df = 20}};
  const Judgement judgement = judge(three(0), three(0), rules);
  EXPECT_NEAR(judgement.work.half_width, 4.604095 * 0.001 * std::sqrt(2.0 / 3), 1e-9);
}

TEST(Judge, OneReplicateASide) {
  const Arm base{plain(0)};
  const Arm fresh{plain(0.02)};
  const Judgement blind = judge(base, fresh, {});
  EXPECT_EQ(blind.verdict, Verdict::inconclusive);
  EXPECT_EQ(blind.reason, "one replicate a side and no noise prior");
  EXPECT_EQ(blind.work.half_width, kInfinity);
  EXPECT_DOUBLE_EQ(blind.work.estimate, 0.02);
  EXPECT_FALSE(blind.replicates_needed);
  EXPECT_FALSE(blind.wants_pairs); // a second process would do
  const Rules rules{.noise = {.replicate_sd = 0.001, .replicate_df = 24}};
  const Judgement judgement = judge(base, fresh, rules);
  EXPECT_EQ(judgement.verdict, Verdict::regression);
  EXPECT_NEAR(judgement.work.half_width, 2.796940 * 0.001 * std::sqrt(2.0), 1e-9);
}

TEST(Judge, SwappedArmsNegate) {
  std::mt19937_64 random(10);
  const Arm base = fake_arm({}, random);
  const Arm fresh = fake_arm({.replicates = 5, .drift = 0.004, .clock = 0.01}, random);
  const Rules rules{.noise = {.replicate_sd = 0.0003, .replicate_df = 20, .extrapolation = 0.01}};
  const Judgement there = judge(base, fresh, rules);
  const Judgement back = judge(fresh, base, rules);
  EXPECT_NEAR(there.work.estimate, -back.work.estimate, 1e-12);
  EXPECT_NEAR(there.work.half_width, back.work.half_width, 1e-12);
  EXPECT_NEAR(there.wall, -back.wall, 1e-12);
  EXPECT_NEAR(there.clock, -back.clock, 1e-12);
  EXPECT_EQ(there.verdict, Verdict::regression);
  EXPECT_EQ(back.verdict, Verdict::improvement);
}

TEST(Judge, SetsAsideWhatRanInAnotherMode) {
  const auto with_anchors = [](std::vector<double> anchors, double drift) {
    Arm arm;
    for (const double anchor : anchors)
      arm.push_back(plain(drift + anchor, "GPU-a", anchor));
    return arm;
  };
  const Arm base = with_anchors({0.1, 0.001, 0.002, 0}, 0);
  const Arm fresh = with_anchors({0.001, 0.1, 0.0}, 0.0);
  const Judgement judgement = judge(base, fresh, {});
  EXPECT_EQ(judgement.base_set_aside, Indices{0});
  EXPECT_EQ(judgement.new_set_aside, Indices{1});
  EXPECT_EQ(judgement.base_replicates, 3);
  EXPECT_EQ(judgement.new_replicates, 2);
  EXPECT_NEAR(judgement.work.estimate, -0.0005, 1e-12);
  // A chain of small steps is one set.
  const Arm chain = with_anchors({0, 0.004, 0.008, 0.012}, 0);
  EXPECT_TRUE(judge(chain, chain, {}).base_set_aside.empty());
  // Nothing alike.
  const Judgement apart = judge(with_anchors({0, 0.001}, 0), with_anchors({0.05, 0.051}, 0), {});
  EXPECT_EQ(apart.verdict, Verdict::inconclusive);
  EXPECT_EQ(apart.reason,
            "the memory copies of the two arms differ by 5.13 %: the machine is in another mode");
  EXPECT_EQ(apart.base_replicates, 0);
  EXPECT_EQ(apart.new_set_aside, (Indices{0, 1}));
  EXPECT_TRUE(apart.wants_pairs);
  EXPECT_NEAR(apart.wall, 0.05, 1e-12) << "as it was timed: nothing is known of work";
  EXPECT_EQ(apart.work.estimate, apart.wall);
  EXPECT_TRUE(std::isinf(apart.work.half_width));
  EXPECT_NEAR(apart.base_log_t, 0.0005, 1e-12);
}

TEST(Judge, AReplicateWithoutACopyDoesNotHideTheOthersModes) {
  Arm base, fresh;
  for (int i = 0; i < 3; ++i)
    base.push_back(plain(0, "GPU-a", 0));
  fresh = base;
  fresh[2] = plain(0.02, "GPU-a", 0.02); // in another mode
  base[1].log_anchor.reset();
  const Judgement judgement = judge(base, fresh, {});
  EXPECT_TRUE(judgement.base_set_aside.empty()) << "nothing is known of the one without a copy";
  EXPECT_EQ(judgement.new_set_aside, Indices{2});
  EXPECT_EQ(judgement.base_replicates, 3);
  EXPECT_NEAR(judgement.work.estimate, 0, 1e-12);

  for (Observation& replicate : base)
    replicate.log_anchor.reset();
  EXPECT_EQ(judge(base, fresh, {}).new_set_aside, Indices{2}) << "the larger set counts";
  for (Observation& replicate : fresh)
    replicate.log_anchor.reset();
  EXPECT_TRUE(judge(base, fresh, {}).new_set_aside.empty());

  // One of unknown mode decides nothing where all others are in another one.
  Arm apart = {plain(0, "GPU-a", 0.05), plain(0, "GPU-a", 0.05), plain(0, "GPU-a", 0)};
  apart[2].log_anchor.reset();
  const Judgement unlike = judge(Arm(3, plain(0, "GPU-a", 0)), apart, {});
  EXPECT_EQ(unlike.base_replicates, 0);
  EXPECT_EQ(unlike.new_set_aside, (Indices{0, 1, 2}));
  EXPECT_EQ(unlike.reason,
            "the memory copies of the two arms differ by 5.13 %: the machine is in another mode");
}

TEST(Judge, ComparesOnTheGpuThatBothHave) {
  Arm base = three(5, "GPU-b");
  for (const Observation& one : three(0))
    base.push_back(one);
  const Judgement judgement = judge(base, three(0.02), {});
  EXPECT_TRUE(judgement.same_device);
  EXPECT_EQ(judgement.base_replicates, 3);
  EXPECT_TRUE(judgement.base_set_aside.empty());
  EXPECT_NEAR(judgement.work.estimate, 0.02, 1e-12);
  // Both GPUs in both arms: the mean of the two differences, of half the variance.
  Arm fresh = three(5.04, "GPU-b");
  for (const Observation& one : three(0.02))
    fresh.push_back(one);
  const Judgement both = judge(base, fresh, {});
  EXPECT_NEAR(both.work.estimate, 0.03, 1e-12);
  EXPECT_NEAR(both.work.half_width, student_quantile(0.995, 8) * 0.001 * std::sqrt(1.0 / 3), 1e-9);
}

TEST(Judge, AnotherGpu) {
  const Arm fresh = three(0.03, "GPU-b");
  const Judgement blind = judge(three(0), fresh, {});
  EXPECT_FALSE(blind.same_device);
  EXPECT_EQ(blind.verdict, Verdict::inconclusive);
  EXPECT_EQ(blind.reason,
            "another GPU than the baseline's, and nothing is known of how GPUs differ");
  EXPECT_TRUE(blind.wants_pairs);
  EXPECT_NEAR(blind.work.estimate, 0.03, 1e-12);
  const Rules rules{.noise = {.devices = {.sd = 0.002, .df = 10}}};
  const Judgement one = judge(three(0), fresh, rules);
  const std::vector<Variance> terms{{1e-6 * 2 / 3, 4}, {4e-6 * 2, 10}};
  EXPECT_NEAR(one.work.half_width, half_width(terms, 0.99), 1e-9);
  EXPECT_EQ(one.verdict, Verdict::regression);
  Arm two_gpus = three(0);
  for (const Observation& each : three(0.01, "GPU-c"))
    two_gpus.push_back(each);
  two_gpus.push_back(plain(0.01, "GPU-c")); // more replicates don't make a GPU count for more
  const Judgement two = judge(two_gpus, fresh, rules);
  EXPECT_NEAR(two.work.estimate, 0.025, 1e-12);
  const std::vector<Variance> more{{6e-6 / 7 * (1.0 / 3 + 7.0 / 48), 7}, {4e-6 * 1.5, 10}};
  EXPECT_NEAR(two.work.half_width, half_width(more, 0.99), 1e-9);
}

TEST(Judge, AnotherGpuKeepsTheMostOfEachArm) {
  const Arm base{plain(0, "a", 0.0), plain(0.001, "a", 0.001), plain(9, "a", 0.2)};
  const Arm fresh{plain(9, "b", 0.1), plain(0, "b", 0.3), plain(0.001, "b", 0.301)};
  const Judgement judgement = judge(base, fresh, {.noise = {.devices = {.sd = 0.001, .df = 5}}});
  EXPECT_EQ(judgement.base_set_aside, Indices{2});
  EXPECT_EQ(judgement.new_set_aside, Indices{0});
  EXPECT_NEAR(judgement.work.estimate, 0, 1e-12);
}

TEST(Judge, AnotherGpuIsHeldAgainstThoseOfItsKind) {
  const Arm base{plain(0, "a", 0.0), plain(0.001, "a", 0.0), plain(0.01, "c", -0.0065),
                 plain(0.011, "c", -0.0065)};
  const Arm fresh{plain(0.01, "b", -0.004), plain(0.011, "b", -0.004)};
  Rules rules{.noise = {.devices = {.sd = 0.007, .df = 5}}};
  EXPECT_NEAR(judge(base, fresh, rules).work.estimate, 0.005, 1e-12) << "kinds are not known";
  rules.noise.devices.alike_sd = 0.001;
  rules.noise.devices.alike_df = 10;
  const Judgement judgement = judge(base, fresh, rules);
  EXPECT_NEAR(judgement.work.estimate, 0, 1e-12);
  EXPECT_EQ(judgement.base_set_aside, (Indices{0, 1}));
  EXPECT_EQ(judgement.base_replicates, 2);
  const std::vector<Variance> terms{{0.5e-6, 2}, {1e-6 * 2, 10}};
  EXPECT_NEAR(judgement.work.half_width, half_width(terms, 0.99), 1e-9);
  // None of its kind: all, and as far apart as any.
  const Arm third{plain(0.01, "b", 0.1), plain(0.011, "b", 0.1)};
  const Judgement unlike = judge(base, third, rules);
  EXPECT_EQ(unlike.base_replicates, 4);
  EXPECT_GT(unlike.work.half_width, 0.007);
}

TEST(Judge, ReplicatesNeeded) {
  const Rules rules{.noise = {.replicate_sd = 0.001, .replicate_df = 100}};
  Arm base;
  for (int i = 0; i < 10; ++i)
    base.push_back(plain(i % 2 == 0 ? -0.001 : 0.001));
  const Arm fresh{plain(0.0003), plain(0.0003)};
  const Judgement judgement = judge(base, fresh, rules);
  EXPECT_EQ(judgement.verdict, Verdict::inconclusive);
  EXPECT_NE(judgement.reason, "");
  ASSERT_TRUE(judgement.replicates_needed);
  EXPECT_FALSE(judgement.wants_pairs);
  const int needed = *judgement.replicates_needed;
  const double variance = (100 * 1e-6 + 10 * 1e-6) / 110;
  const auto width = [&](int count) {
    return student_quantile(0.995, 110 + count - 2) * std::sqrt(variance * (0.1 + 1.0 / count));
  };
  EXPECT_LE(0.0003 + width(needed), 0.001998);
  EXPECT_GT(0.0003 + width(needed - 1), 0.001998);
  // A single base replicate of that noise leaves more doubt than any number of new ones removes.
  const Judgement hopeless = judge(Arm{plain(0)}, fresh, rules);
  EXPECT_FALSE(hopeless.replicates_needed);
  EXPECT_TRUE(hopeless.wants_pairs);
}

TEST(Paired, ByHand) {
  const std::vector<double> differences{1, 2, 3, 4, 5};
  const Interval interval = paired(differences);
  EXPECT_DOUBLE_EQ(interval.estimate, 3);
  EXPECT_NEAR(interval.half_width, 4.604095 * std::sqrt(2.5 / 5), 1e-6);
  EXPECT_THROW(paired(std::vector<double>{1}), std::invalid_argument);
  EXPECT_THROW(paired(std::vector<double>{}), std::invalid_argument);
  EXPECT_THROW(paired(std::vector<double>{1, std::nan("")}), std::invalid_argument);
}

} // namespace
} // namespace bench::stats
