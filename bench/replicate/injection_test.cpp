#include <bench/base/error.h>
#include <bench/replicate/injection.h>

#include <gtest/gtest.h>

namespace bench::replicate {
namespace {

TEST(Injection, IsReadAsItIsWritten) {
  for (const char* text : {"none", "spin=0.3%", "norms=10", "power", "launches=0.5%"})
    EXPECT_EQ(to_string(parse_injection(text)), text);
  for (const char* text : {"", "spin", "spin=0%", "spin=-1%", "spin=x%", "norms=0", "power=1",
                           "launches", "launches=0%", "launches=0.005%"})
    EXPECT_THROW(parse_injection(text), UsageError) << text;
  EXPECT_DOUBLE_EQ(parse_injection("spin=0.3%").amount, 0.003);
}

TEST(Arms, AreThoseThatAKindOfCaseCanHave) {
  const Arms arms{.injections = {parse_injection("none"), parse_injection("spin=0.3%"),
                                 parse_injection("launches=0.5%")}};
  const auto texts = [](const std::vector<std::optional<Injection>>& of_kind) {
    std::vector<std::string> all;
    for (const std::optional<Injection>& arm : of_kind)
      all.push_back(arm ? to_string(*arm) : "");
    return all;
  };
  EXPECT_EQ(texts(arms.of("loop")), (std::vector<std::string>{"", "none", "spin=0.3%"}));
  EXPECT_EQ(texts(arms.of("kernel")), (std::vector<std::string>{"", "none", "launches=0.5%"}));
  EXPECT_EQ(texts(Arms{}.of("loop")), std::vector<std::string>{""});
}

TEST(Arms, OnlyInjectedLeavesOutTheCaseAsItIsWhereAnInjectionIsForIt) {
  const Arms arms{.injections = {parse_injection("spin=0.3%")}, .only_injected = true};
  ASSERT_EQ(arms.of("loop").size(), 1u);
  EXPECT_TRUE(arms.of("loop")[0]);
  ASSERT_EQ(arms.of("kernel").size(), 1u);
  EXPECT_FALSE(arms.of("kernel")[0]);
}

TEST(Injection, ThatNoChosenCaseCanHaveIsRefused) {
  scenario::Case loop, kernel;
  loop.work = scenario::LoopCase{};
  kernel.work = scenario::KernelCase{};
  EXPECT_NO_THROW(check_some_fits({parse_injection("none")}, {kernel}));
  EXPECT_NO_THROW(check_some_fits({parse_injection("launches=1%")}, {loop, kernel}));
  EXPECT_THROW(check_some_fits({parse_injection("launches=1%")}, {loop}), UsageError);
  EXPECT_THROW(check_some_fits({parse_injection("spin=0.3%")}, {kernel}), UsageError);
  EXPECT_NO_THROW(
      check_some_fits({parse_injection("spin=0.3%"), parse_injection("launches=1%")}, {kernel}));
  EXPECT_NO_THROW(check_some_fits({}, {kernel}));
}

TEST(Injection, NamesACaseAndBack) {
  const std::string id = injected_id("a/loop/b/graph/c", parse_injection("spin=0.3%"));
  EXPECT_EQ(id, "a/loop/b/graph/c#spin=0.3%");
  EXPECT_EQ(id_without_injection(id), "a/loop/b/graph/c");
}

TEST(Injection, OfPowerChangesRandomWeightsOnly) {
  const Injection power = parse_injection("power");
  scenario::LoopCase loop;
  EXPECT_EQ(injected_loop(loop, power).model.weights, "signs");
  EXPECT_EQ(injected_loop(loop, {}).model.weights, "random");
  loop.model.weights = "a/folder";
  EXPECT_EQ(injected_loop(loop, {}).model.weights, "a/folder");
  EXPECT_THROW(injected_loop(loop, power), UnavailableError);
}

} // namespace
} // namespace bench::replicate
