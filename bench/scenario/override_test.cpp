#include <bench/scenario/fake_catalog.h>

#include <gtest/gtest.h>

namespace bench::scenario {
namespace {

Expansion expanded(const std::vector<std::string>& overrides) {
  return expand(load_text(kSmall, overrides), "full", fake_catalog());
}

LoopCase first_loop(const std::vector<std::string>& overrides) {
  return std::get<LoopCase>(expanded(overrides).cases.front().work);
}

TEST(Override, ReplacesAValue) {
  EXPECT_EQ(first_loop({"loops.a.steps=4"}).spec.steps, 4);
}

TEST(Override, MakesMapsThatAreAbsent) {
  EXPECT_EQ(first_loop({"model.architecture.layers=2"}).model.architecture.at("layers"), 2);
  EXPECT_EQ(expanded({"sampling.loops=7"}).sampling.loops, 7);
}

TEST(Override, TakesYamlValues) {
  EXPECT_EQ(first_loop({"engines=[eager]"}).engine, "eager");
  EXPECT_EQ(first_loop({"loops={c: {steps: 3}}"}).loop, "c");
}

TEST(Override, TheLastOneWins) {
  EXPECT_EQ(first_loop({"loops.a.steps=4", "loops.a.steps=5"}).spec.steps, 5);
}

TEST(Override, MendsAFaultOfTheFile) {
  EXPECT_EQ(faults_of(small_with("steps: 9", "steps: 0"), {"loops.a.steps=9"}), "");
}

TEST(Override, FaultsNameTheKey) {
  EXPECT_EQ(faults_of(kSmall, {"loops.a.steps"}),
            "--set loops.a.steps: no value; write KEY=VALUE, such as loops.turbo-9.steps=4");
  EXPECT_EQ(faults_of(kSmall, {"loops..steps=4"}),
            "--set loops..steps: no key; write names with dots between, such as "
            "loops.turbo-9.steps=4");
  EXPECT_EQ(faults_of(kSmall, {"=4"}),
            "--set =4: no key; write names with dots between, such as loops.turbo-9.steps=4");
  EXPECT_EQ(faults_of(kSmall, {"loops.a.steps="}),
            "--set loops.a.steps: loops.a.steps must be an integer, such as 9; got nothing");
  EXPECT_EQ(faults_of(kSmall, {"loops.a.stepps=4"}),
            "--set loops.a.stepps: unknown key 'stepps' in loops.a; did you mean 'steps'?");
  EXPECT_EQ(faults_of(kSmall, {"modle.seed=4"}),
            "--set modle.seed: unknown key 'modle'; did you mean 'model'?");
  EXPECT_EQ(faults_of(kSmall, {"scenario.x=4"}),
            "--set scenario.x: 'scenario' is no map, so it has no 'x'");
  EXPECT_EQ(faults_of(kSmall, {"model.resolution=[1"}).substr(0, 34),
            "--set model.resolution: not YAML: ");
  EXPECT_EQ(faults_of(kSmall, {"loops.a={steps: 1, steps: 2}"}),
            "--set loops.a: key 'steps' given twice; keep one");
}

TEST(Override, AMisspeltIdIsNoNewLoop) {
  EXPECT_EQ(faults_of(kSmall, {"loops.c.steps=4"}),
            "--set loops.c.steps: the file has no loops.c; known: a, b");
  EXPECT_EQ(faults_of(kSmall, {"profiles.cuda.steps=4"}),
            "--set profiles.cuda.steps: the file has no profiles.cuda; known: cpu, full");
  EXPECT_EQ(faults_of(kSmall, {"kernels.rmsnorm.paths=[aten]"}),
            "--set kernels.rmsnorm.paths: the file has no kernels.rmsnorm; did you mean "
            "'rms_norm'?");
}

} // namespace
} // namespace bench::scenario
