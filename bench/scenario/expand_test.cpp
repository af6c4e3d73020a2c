#include <bench/base/error.h>
#include <bench/scenario/fake_catalog.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace bench::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> ids(const Expansion& expansion) {
  std::vector<std::string> ids;
  for (const Case& measured : expansion.cases)
    ids.push_back(measured.id);
  return ids;
}

std::vector<std::string> ids(const std::string& text, std::string_view profile,
                             const std::vector<std::string>& overrides = {}) {
  return ids(expand(load_text(text, overrides), profile, fake_catalog()));
}

Expansion zimage(std::string_view profile) {
  const Catalog catalog = fake_catalog();
  return expand(load(BENCH_SCENARIO_TESTDATA "/zimage.yaml", catalog), profile, catalog);
}

TEST(Expand, OrderOfCases) {
  EXPECT_THAT(ids(kSmall, "full"),
              ElementsAre("small/loop/a/graph/aten", "small/loop/a/graph/decomposed",
                          "small/loop/a/eager/aten", "small/loop/a/eager/decomposed",
                          "small/loop/b/graph/aten", "small/loop/b/graph/decomposed",
                          "small/loop/b/eager/aten", "small/loop/b/eager/decomposed",
                          "small/rms_norm/64x128.bf16/aten"));
}

TEST(Expand, APlugInAddsItsPathToTheKernelsItHasAndToNothingElse) {
  Catalog catalog = fake_catalog();
  const auto plain = expand(load_text(kSmall, {}, catalog), "full", catalog);
  catalog.families[0].paths.push_back("mine");
  catalog.families[0].plugin_paths = {"mine"};
  const auto with = expand(load_text(kSmall, {}, catalog), "full", catalog);
  std::vector<std::string> expected = ids(plain);
  expected.push_back("small/rms_norm/64x128.bf16/mine");
  EXPECT_EQ(ids(with), expected);
  for (std::size_t i = 0; i < plain.cases.size(); ++i)
    EXPECT_EQ(with.cases[i].hash, plain.cases[i].hash);
  // Named by the scenario too, it is measured once.
  const auto named =
      expand(load_text(kSmall, {"kernels.rms_norm.paths=[mine, aten]"}, catalog), "full", catalog);
  EXPECT_EQ(ids(named).size(), expected.size());
}

constexpr const char* kTwoWorkers = R"(scenario: small
model: {name: z_image}
engines: [graph, worker]
paths: {rms_norm: [aten, cuda]}
workers:
  diffusers: {command: [python3, d.py]}
  compiled: {command: [python3, d.py, --compile], patience: 30 min}
loops: {a: {steps: 9}}
profiles:
  full: {device: cuda}
  one: {device: cuda, engines: [worker], workers: [compiled]}
  none: {device: cuda, engines: [worker], workers: []}
)";

TEST(Expand, AWorkerIsOneCaseWhateverThePaths) {
  EXPECT_THAT(ids(kTwoWorkers, "full"),
              ElementsAre("small/loop/a/graph/aten", "small/loop/a/graph/cuda",
                          "small/loop/a/worker/diffusers", "small/loop/a/worker/compiled"));
  const Expansion one = expand(load_text(kTwoWorkers), "one", fake_catalog());
  EXPECT_THAT(ids(one), ElementsAre("small/loop/a/worker/compiled"));
  const LoopCase& loop = std::get<LoopCase>(one.cases.front().work);
  EXPECT_TRUE(loop.paths.empty());
  ASSERT_TRUE(loop.worker);
  EXPECT_EQ(*loop.worker, (WorkerSpec{.name = "compiled",
                                      .command = {"python3", "d.py", "--compile"},
                                      .patience_s = 1800}));
  EXPECT_EQ(loop.model.name, "z_image");
  EXPECT_THROW(ids(kTwoWorkers, "none"), UsageError);
}

TEST(Expand, LoopsThatOnlyWorkersRunNeedNeitherModelNorPaths) {
  const char* text = R"(scenario: mine
engines: [worker]
workers: {w: {command: [./mine.sh]}}
loops: {a: {steps: 3}}
profiles: {full: {device: cuda}}
)";
  const Expansion expansion = expand(load_text(text), "full", fake_catalog());
  EXPECT_THAT(ids(expansion), ElementsAre("mine/loop/a/worker/w"));
  EXPECT_EQ(std::get<LoopCase>(expansion.cases.front().work).model.name, "");
  EXPECT_EQ(std::get<LoopCase>(expansion.cases.front().work).spec.steps, 3);
}

// A scenario as one is kept, against the fake catalog: the kept ones change with their models.
TEST(Expand, ZimageGate) {
  EXPECT_THAT(ids(zimage("gate")),
              ElementsAre("zimage/loop/turbo-9/graph/aten", "zimage/loop/turbo-50/graph/aten",
                          "zimage/loop/base-50/graph/aten", "zimage/rms_norm/4128x3840.bf16/aten",
                          "zimage/rms_norm/4128x3840.bf16/decomposed",
                          "zimage/rms_norm/123840x128.bf16/aten",
                          "zimage/rms_norm/123840x128.bf16/decomposed"));
}

TEST(Expand, ZimageFull) {
  const Expansion full = zimage("full");
  EXPECT_EQ(full.cases.size(), 4 + 4 + 1 + 4u);
  EXPECT_EQ(full.device, DeviceKind::cuda);
  EXPECT_EQ(full.sampling.warmup_s, 1);
  EXPECT_EQ(full.sampling.replicates, 3);
  EXPECT_EQ(full.sampling.regions_per_placement(), 2);
  const Case& base = full.cases[8];
  EXPECT_EQ(base.id, "zimage/loop/base-50/graph/aten");
  EXPECT_EQ(base.gate.work, 0.002);
  const LoopCase& loop = std::get<LoopCase>(base.work);
  EXPECT_EQ(loop.spec.steps, 50);
  EXPECT_EQ(loop.spec.guidance, 5);
  EXPECT_EQ(loop.spec.shift, 6);
  EXPECT_EQ(loop.model.seed, 20962u);
  EXPECT_EQ(loop.model.architecture.at("layers"), 30);
  EXPECT_THAT(loop.paths, ElementsAre(testing::Pair("rms_norm", "aten")));
}

TEST(Expand, ZimageCpuIsScaledDown) {
  const Expansion cpu = zimage("cpu");
  EXPECT_EQ(cpu.device, DeviceKind::cpu);
  EXPECT_EQ(cpu.sampling.loops, 5);
  EXPECT_EQ(cpu.sampling.regions, 10);
  EXPECT_EQ(cpu.sampling.warmup_s, 0.2);
  const Case& first = cpu.cases.front();
  EXPECT_EQ(first.id, "zimage/loop/turbo-9/eager/aten");
  EXPECT_EQ(first.device, DeviceKind::cpu);
  const LoopCase& loop = std::get<LoopCase>(first.work);
  EXPECT_EQ(loop.spec.steps, 4);
  EXPECT_EQ(loop.model.width, 128);
  EXPECT_EQ(loop.model.height, 128);
  EXPECT_EQ(loop.model.text_tokens, 32);
  EXPECT_EQ(loop.model.architecture.at("heads"), 2);
  EXPECT_EQ(loop.model.architecture.at("head_width"), 128) << "merged key by key";
  EXPECT_EQ(cpu.cases.back().id, "zimage/rms_norm/192x128.bf16/decomposed");
  for (const Case& measured : cpu.cases)
    EXPECT_THAT(measured.id, testing::Not(HasSubstr("base-50"))) << "it has no eager engine";
}

TEST(Expand, IdsAreUnique) {
  for (const char* profile : {"gate", "full", "cpu"}) {
    const std::vector<std::string> all = ids(zimage(profile));
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size()) << profile;
  }
}

TEST(Expand, ALoopsOwnEnginesPathsAndGate) {
  const std::string text = small_with(
      "{steps: 9}", "{steps: 9, engines: [eager], paths: {rms_norm: [cuda]}, gate: {work: 1 %}}");
  const Expansion full = expand(load_text(text), "full", fake_catalog());
  EXPECT_THAT(ids(full),
              ElementsAre("small/loop/a/eager/cuda", "small/loop/b/graph/aten",
                          "small/loop/b/graph/decomposed", "small/loop/b/eager/aten",
                          "small/loop/b/eager/decomposed", "small/rms_norm/64x128.bf16/aten"));
  EXPECT_EQ(full.cases[0].gate.work, 0.01);
  EXPECT_EQ(full.cases[1].gate.work, 0.002);
}

TEST(Expand, AKernelsOwnGate) {
  const std::string text =
      small_with("    paths: [aten]", "    paths: [aten]\n    gate: {work: 3 %}");
  EXPECT_EQ(expand(load_text(text), "full", fake_catalog()).cases.back().gate.work, 0.03);
}

TEST(Expand, SeveralFamiliesAreCombined) {
  const std::string text = small_with("  rms_norm: [aten, decomposed]\n",
                                      "  rms_norm: [aten, decomposed]\n  ada_norm: [fused]\n");
  EXPECT_THAT(ids(text, "full",
                  {"profiles.full={device: cuda, loops: [a], engines: [graph], kernels: []}"}),
              ElementsAre("small/loop/a/graph/ada_norm=fused+rms_norm=aten",
                          "small/loop/a/graph/ada_norm=fused+rms_norm=decomposed"));
}

TEST(Expand, AProfileNarrows) {
  const auto narrowed = [](const std::string& lists) {
    return ids(kSmall, "full", {"profiles.full={device: cuda, " + lists + "}"});
  };
  EXPECT_THAT(narrowed("loops: [b], engines: [eager], kernels: []"),
              ElementsAre("small/loop/b/eager/aten", "small/loop/b/eager/decomposed"));
  EXPECT_THAT(narrowed("loops: [b, a], engines: [eager, graph], paths: {rms_norm: [decomposed]}, "
                       "kernels: []"),
              ElementsAre("small/loop/a/graph/decomposed", "small/loop/a/eager/decomposed",
                          "small/loop/b/graph/decomposed", "small/loop/b/eager/decomposed"))
      << "in the loop's order, not the profile's";
  EXPECT_THAT(narrowed("loops: []"), ElementsAre("small/rms_norm/64x128.bf16/aten"));
  EXPECT_THAT(narrowed("paths: {rms_norm: [cuda]}"), ElementsAre("small/rms_norm/64x128.bf16/aten"))
      << "no loop has that path; kernels keep theirs";
  EXPECT_THAT(narrowed("loops: [a], engines: [graph], kernels: [], paths: {ada_norm: [fused]}"),
              ElementsAre("small/loop/a/graph/aten", "small/loop/a/graph/decomposed"))
      << "no loop chooses that family";
}

TEST(Expand, WhatIsSetComesBeforeWhatTheFileSaysOfAProfile) {
  const std::string gate = small_with(
      "full: {device: cuda}",
      "full: {device: cuda, engines: [graph], paths: {rms_norm: [aten]}, kernel_paths: [aten], "
      "kernel_shapes: [64x128.bf16], sampling: {regions: 8}}");
  const auto with = [&](const std::vector<std::string>& overrides) {
    return expand(load_text(gate, overrides), "full", fake_catalog());
  };
  const auto ids_with = [&](const std::vector<std::string>& overrides) {
    std::vector<std::string> ids;
    for (const Case& c : with(overrides).cases)
      ids.push_back(c.id);
    return ids;
  };
  EXPECT_THAT(ids_with({}), ElementsAre("small/loop/a/graph/aten", "small/loop/b/graph/aten",
                                        "small/rms_norm/64x128.bf16/aten"));
  EXPECT_THAT(ids_with({"paths.rms_norm=[aten, cuda]"}),
              ElementsAre("small/loop/a/graph/aten", "small/loop/a/graph/cuda",
                          "small/loop/b/graph/aten", "small/loop/b/graph/cuda",
                          "small/rms_norm/64x128.bf16/aten"));
  EXPECT_THAT(ids_with({"engines=[eager]"}),
              ElementsAre("small/loop/a/eager/aten", "small/loop/b/eager/aten",
                          "small/rms_norm/64x128.bf16/aten"));
  EXPECT_THAT(
      ids_with({"profiles.full.loops=[]", "kernels.rms_norm.paths=[cuda, decomposed]",
                "kernels.rms_norm.shapes=[32x128.fp32]"}),
      ElementsAre("small/rms_norm/32x128.fp32/cuda", "small/rms_norm/32x128.fp32/decomposed"));
  EXPECT_THAT(ids_with({"engines=[eager, graph]", "profiles.full.engines=[graph]",
                        "profiles.full.kernels=[]"}),
              ElementsAre("small/loop/a/graph/aten", "small/loop/b/graph/aten"))
      << "both are set";
  EXPECT_EQ(with({}).sampling.regions, 8);
  EXPECT_EQ(with({"sampling.regions=4"}).sampling.regions, 4);
  EXPECT_EQ(with({"sampling.regions=4", "profiles.full.sampling.regions=2"}).sampling.regions, 2);
}

TEST(Expand, StepsOfAProfileAreALimit) {
  const Expansion cpu = expand(load_text(kSmall, {"loops.a.steps=1"}), "cpu", fake_catalog());
  EXPECT_EQ(std::get<LoopCase>(cpu.cases[0].work).spec.steps, 1);
  EXPECT_EQ(std::get<LoopCase>(cpu.cases[4].work).spec.steps, 2);
}

TEST(Expand, FaultsNameTheProfile) {
  const Scenario scenario = load_text(kSmall);
  const auto message = [](const Scenario& loaded, std::string_view profile) -> std::string {
    try {
      expand(loaded, profile, fake_catalog());
    } catch (const UsageError& error) {
      return error.what();
    }
    return "(nothing thrown)";
  };
  EXPECT_THAT(message(scenario, "gpu"), HasSubstr(": no profile 'gpu'; did you mean 'cpu'?"));
  EXPECT_THAT(message(scenario, "nightly"), HasSubstr(": no profile 'nightly'; known: cpu, full"));
  EXPECT_THAT(
      message(load_text(kSmall, {"profiles.full={device: cuda, loops: [], kernels: []}"}), "full"),
      HasSubstr(": profile 'full' leaves no case; widen"));
}

TEST(Expand, LeavesOutPathsThatTheDeviceCannotRunAndThatAProfileDoesNotName) {
  Catalog catalog = fake_catalog();
  catalog.families[0].cuda_paths = {"cuda"};
  const std::vector<std::string> overrides{"paths.rms_norm=[aten, cuda]",
                                           "kernels.rms_norm.paths=[aten, cuda, decomposed]",
                                           "profiles.full.kernel_paths=[cuda, aten]"};
  const Scenario scenario = load_text(kSmall, overrides, catalog);
  const auto paths = [&](std::string_view profile) {
    std::vector<std::string> names;
    for (const Case& c : expand(scenario, profile, catalog).cases)
      if (const auto* kernel = std::get_if<KernelCase>(&c.work))
        names.push_back(kernel->path);
      else if (std::get<LoopCase>(c.work).engine == "eager")
        names.push_back("loop:" + std::get<LoopCase>(c.work).paths.at("rms_norm"));
    return names;
  };
  EXPECT_EQ(paths("full"), (std::vector<std::string>{"loop:aten", "loop:cuda", "loop:aten",
                                                     "loop:cuda", "aten", "cuda"}));
  EXPECT_EQ(paths("cpu"),
            (std::vector<std::string>{"loop:aten", "loop:aten", "aten", "decomposed"}));
  EXPECT_EQ(
      faults_of(small_with("full: {device: cuda}", "full: {device: cuda, kernel_paths: [atem]}")),
      "s.yaml:14:39: unknown path 'atem'; did you mean 'aten'?");
}

TEST(Expand, AProfileKeepsOnlyTheShapesThatItNames) {
  const auto ids = [](const std::string& shapes) {
    std::vector<std::string> all;
    const Catalog catalog = fake_catalog();
    const Scenario scenario =
        load_text(kSmall,
                  {"kernels.rms_norm.shapes=[64x128.bf16, 32x128.bf16]",
                   "profiles.full.kernel_shapes=" + shapes, "profiles.full.loops=[]"},
                  catalog);
    for (const Case& c : expand(scenario, "full", catalog).cases)
      all.push_back(to_string(std::get<KernelCase>(c.work).shape));
    return all;
  };
  EXPECT_THAT(ids("[32x128.bf16, 1x2.bf16]"), testing::Each("32x128.bf16"));
  EXPECT_THAT(ids("[64x128.bf16, 32x128.bf16]"), testing::Contains("64x128.bf16"));
  EXPECT_ANY_THROW(ids("[1x2.bf16]")); // leaves no case
}

TEST(KernelShapes, TextForm) {
  const KernelShape shape{4128, 3840, DType::bf16};
  EXPECT_EQ(to_string(shape), "4128x3840.bf16");
  EXPECT_EQ(parse_kernel_shape("4128x3840.bf16"), shape);
  const KernelShape heads{4128, 128, DType::bf16, 30};
  EXPECT_EQ(to_string(heads), "4128x30x128.bf16");
  EXPECT_EQ(parse_kernel_shape("4128x30x128.bf16"), heads);
  for (const char* text :
       {"", "1x2x3x4.bf16", "4128xx128.bf16", "4128x3840", "4128x3840.", "4128x3840.int8",
        "4128.bf16", "0x3840.bf16", "-1x3840.bf16", "4128x3840.bf16 "}) {
    EXPECT_EQ(parse_kernel_shape(text), std::nullopt) << text;
  }
}

TEST(DTypes, WordsAndSizes) {
  for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
    EXPECT_EQ(parse_dtype(to_string(dtype)), dtype);
  EXPECT_EQ(size_of(DType::bf16), 2);
  EXPECT_EQ(size_of(DType::fp16), 2);
  EXPECT_EQ(size_of(DType::fp32), 4);
  EXPECT_EQ(parse_device_kind("cuda"), DeviceKind::cuda);
  EXPECT_EQ(parse_device_kind("gpu"), std::nullopt);
}

TEST(Expand, ALoopsNumbersLieBetweenTheModelsAndTheProfiles) {
  const std::string text =
      small_with("{steps: 9}", "{steps: 9, architecture: {heads: 5, layers: 7}}");
  const auto first = [&](const char* profile, const std::vector<std::string>& overrides) {
    return std::get<LoopCase>(
        expand(load_text(text, overrides), profile, fake_catalog()).cases.front().work);
  };
  const auto full = first("full", {"model.architecture.heads=3"}).model.architecture;
  EXPECT_EQ(full.at("heads"), 5);
  EXPECT_EQ(full.at("layers"), 7);
  EXPECT_EQ(full.at("head_width"), 128);
  const auto cpu =
      first("cpu", {"profiles.cpu.model={architecture: {heads: 2}}"}).model.architecture;
  EXPECT_EQ(cpu.at("heads"), 2);
  EXPECT_EQ(cpu.at("layers"), 7);
  const Expansion expansion = expand(load_text(text), "full", fake_catalog());
  EXPECT_EQ(std::get<LoopCase>(expansion.cases[4].work).loop, "b");
  EXPECT_EQ(std::get<LoopCase>(expansion.cases[4].work).model.architecture.at("heads"), 30);
}

TEST(Expand, ThePictureToEditIsAsLargeAsTheImageUnlessGiven) {
  const auto picture = [](const std::string& text, const char* profile) {
    const auto model =
        std::get<LoopCase>(expand(load_text(text), profile, fake_catalog()).cases.front().work)
            .model;
    return std::pair{model.picture_width, model.picture_height};
  };
  EXPECT_EQ(picture(kSmall, "full"), std::pair(std::int64_t{0}, std::int64_t{0}));
  const std::string editor = small_with("name: z_image", "name: editor, resolution: 64x96");
  EXPECT_EQ(picture(editor, "full"), std::pair(std::int64_t{64}, std::int64_t{96}));
  const std::string other = small_with("name: z_image", "name: editor, conditioning: 128x256");
  EXPECT_EQ(picture(other, "full"), std::pair(std::int64_t{128}, std::int64_t{256}));
}

TEST(Expand, TheScheduleIsTheModelsUnlessGiven) {
  const auto shift = [](const std::string& text) {
    return std::get<LoopCase>(expand(load_text(text), "full", fake_catalog()).cases.front().work)
        .spec.shift;
  };
  EXPECT_EQ(shift(kSmall), 3);
  EXPECT_EQ(shift(small_with("z_image", "flux1")), 0);
  EXPECT_EQ(shift(small_with("{steps: 9}", "{steps: 9, shift: 1.5}")), 1.5);
}

} // namespace
} // namespace bench::scenario
