#include <bench/base/error.h>
#include <bench/compare/verdicts.h>

#include <gtest/gtest.h>

namespace bench::compare {
namespace {

using stats::Verdict;

Comparison having(std::vector<Verdict> verdicts) {
  Comparison comparison;
  for (const Verdict verdict : verdicts)
    comparison.cases.push_back({.id = "a", .kind = "loop", .verdict = verdict});
  return comparison;
}

TEST(Verdicts, ExitCodeIsOfTheWorstThatCounts) {
  const auto code = [](std::vector<Verdict> verdicts, std::string_view fail_on = kDefaultFailOn) {
    return exit_code(having(std::move(verdicts)), parse_fail_on(fail_on));
  };
  using enum Verdict;
  constexpr auto kAll = "regression,invalid,missing,inconclusive,improvement";
  EXPECT_EQ(code({pass, inconclusive, missing, improvement}), ExitCode::ok);
  EXPECT_EQ(code({}), ExitCode::ok);
  EXPECT_EQ(code({invalid, regression, pass}), ExitCode::regression);
  EXPECT_EQ(code({invalid, pass}), ExitCode::invalid);
  EXPECT_EQ(code({invalid, regression}, ""), ExitCode::ok);
  EXPECT_EQ(code({inconclusive, missing, invalid}, kAll), ExitCode::invalid);
  EXPECT_EQ(code({inconclusive, missing}, kAll), ExitCode::missing);
  EXPECT_EQ(code({inconclusive, pass}, kAll), ExitCode::inconclusive);
  EXPECT_EQ(code({improvement, invalid}, kAll), ExitCode::regression);
}

TEST(Verdicts, FailOnNamesWhatItDoesNotKnow) {
  const auto complaint = [](std::string_view text) -> std::string {
    try {
      parse_fail_on(text);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(complaint("regresion"),
            "--fail-on: no verdict 'regresion'; did you mean 'regression'?");
  EXPECT_EQ(complaint("regression,pass"),
            "--fail-on: no verdict 'pass'; known: improvement, inconclusive, invalid, missing, "
            "regression");
  EXPECT_EQ(complaint("missing,inconclusive"), "accepted");
}

TEST(Verdicts, LineSaysTheWholeAndTheParts) {
  using enum Verdict;
  const auto line = [](std::vector<Verdict> verdicts) {
    return verdict_line(having(std::move(verdicts)), parse_fail_on(kDefaultFailOn));
  };
  EXPECT_EQ(line({pass, inconclusive, pass}), "verdict: pass (2 pass, 1 inconclusive)");
  EXPECT_EQ(line({pass, invalid, regression}),
            "verdict: regression (1 pass, 1 regression, 1 invalid)");
  EXPECT_EQ(line({missing, missing}),
            "verdict: missing (2 missing)"); // nothing was held to be fine
  EXPECT_EQ(line({}), "verdict: missing (no cases)");
}

} // namespace
} // namespace bench::compare
