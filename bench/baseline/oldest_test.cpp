#include <bench/baseline/oldest.h>
#include <bench/baseline/promotion.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

namespace bench::baseline {
namespace {

using results::CaseResult;
using results::Result;

const Promotion kPromotion{.reason = "why", .when = "2026-11-24T12:00:00Z"};

/// Three processes on that GPU, of other ids for another `run`.
Result measured(const std::string& uuid, std::int64_t run) {
  Result result = results::on(uuid, 0.1);
  for (results::Replicate& replicate : result.cases[0].replicates)
    replicate.process += 100 * run;
  return result;
}

std::vector<std::int64_t> processes(const CaseResult& c) {
  std::vector<std::int64_t> all;
  for (const results::Replicate& replicate : c.replicates)
    all.push_back(replicate.process);
  return all;
}

class Oldest : public testing::Test {
 protected:
  /// Promotes and keeps what that replaces.
  void promote(const Result& fresh) {
    const Result before = baseline_;
    baseline_ = baseline::promote(before, fresh, kPromotion);
    oldest_ = keep_oldest(oldest_, before, baseline_);
  }

  Result baseline_ = measured("GPU-a", 0);
  std::optional<Result> oldest_;
};

TEST_F(Oldest, IsNothingWhereNothingIsLost) {
  promote(measured("GPU-b", 1));
  EXPECT_TRUE(oldest_->cases.empty());
}

TEST_F(Oldest, IsWhatWasReplacedFirst) {
  promote(measured("GPU-b", 1));
  promote(measured("GPU-a", 2));
  ASSERT_EQ(oldest_->cases.size(), 1U);
  EXPECT_EQ(processes(oldest_->cases[0]), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(results::uuids(oldest_->cases[0]), std::vector<std::string>(3, "GPU-a"));
  promote(measured("GPU-a", 3));
  EXPECT_EQ(processes(oldest_->cases.at(0)), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(Oldest, IsKeptOfEveryGpu) {
  promote(measured("GPU-b", 1));
  promote(measured("GPU-a", 2));
  promote(measured("GPU-b", 3));
  EXPECT_EQ(processes(oldest_->cases.at(0)), (std::vector<std::int64_t>{1, 2, 3, 101, 102, 103}));
  EXPECT_EQ(results::uuids(oldest_->cases[0]).back(), "GPU-b");
}

TEST_F(Oldest, GoesWithAnotherGpuModelOrOtherWork) {
  promote(measured("GPU-a", 1));
  ASSERT_FALSE(oldest_->cases.empty());
  Result other_model = measured("GPU-a", 2);
  other_model.machine["gpu"]["name"] = "NVIDIA H100";
  EXPECT_TRUE(keep_oldest(oldest_, baseline_, other_model).cases.empty());
  Result other_work = measured("GPU-a", 2);
  other_work.cases[0].hash = "ffff456789abcdef";
  promote(other_work);
  EXPECT_TRUE(oldest_->cases.empty());
}

} // namespace
} // namespace bench::baseline
