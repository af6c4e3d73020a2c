#include <bench/base/error.h>
#include <bench/scenario/fake_catalog.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bench::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Load, KeepsWhatTheFileSays) {
  const Scenario scenario = load_text(kSmall);
  EXPECT_EQ(scenario.name(), "small");
  EXPECT_EQ(scenario.text(), kSmall);
  EXPECT_THAT(scenario.profiles(), ElementsAre("full", "cpu"));
  EXPECT_EQ(scenario.device("full"), DeviceKind::cuda);
  EXPECT_EQ(scenario.device("cpu"), DeviceKind::cpu);
  EXPECT_THROW(scenario.device("gpu"), UsageError);
}

TEST(Load, AFileThatIsNotThere) {
  EXPECT_THROW(load("/nowhere/s.yaml", fake_catalog()), UsageError);
}

TEST(LoadFaults, TextThatIsNoScenario) {
  EXPECT_THAT(faults_of(""), StartsWith("s.yaml:1:1: the file is empty; "));
  EXPECT_THAT(faults_of("# only a comment\n"), StartsWith("s.yaml:1:1: the file is empty; "));
  EXPECT_THAT(faults_of("---\n"), StartsWith("s.yaml:1:1: the file is empty; "));
  EXPECT_EQ(faults_of("- 1\n"),
            "s.yaml:1:1: a scenario is a map of keys, such as 'scenario: zimage'");
  EXPECT_EQ(faults_of("hello\n"),
            "s.yaml:1:1: a scenario is a map of keys, such as 'scenario: zimage'");
  EXPECT_THAT(faults_of("scenario: x\nmodel: {name: [\n"), StartsWith("s.yaml:3:1: not YAML: "));
  EXPECT_THAT(faults_of("scenario: @x\n"), StartsWith("s.yaml:1:11: not YAML: "));
  EXPECT_EQ(faults_of(std::string(kSmall) + "---\na: 1\n"),
            "s.yaml:19:1: a second YAML document; keep one in a file");
}

TEST(LoadFaults, Workers) {
  EXPECT_EQ(faults_of(kSmall, {"engines=[worker]"}), "");
  EXPECT_EQ(faults_of(small_with("\nworkers:\n  mine: {command: [python3, mine.py]}", ""),
                      {"loops.b.engines=[graph, worker]"}),
            "s.yaml:8:3: no worker for loop b, which has the engine worker; give 'workers', such "
            "as {mine: {command: [python3, mine.py]}}");
  EXPECT_EQ(faults_of(small_with("{command: [python3, mine.py]}", "{}")),
            "s.yaml:17:3: workers.mine lacks 'command', a list of words, such as command: "
            "[python3, mine.py, --compile]");
  for (const std::string command : {"[]", "python3 mine.py", "[python3, '']", "[[a]]"})
    EXPECT_THAT(faults_of(kSmall, {"workers.mine.command=" + command}),
                StartsWith("--set workers.mine.command: workers.mine.command must be a list of "
                           "words, such as [python3, mine.py, --compile]; got "));
  EXPECT_THAT(faults_of(kSmall, {"workers.mine.patience=0 s"}), HasSubstr("1 s to 3600 s"));
  EXPECT_EQ(faults_of(kSmall, {"profiles.full.workers=[mime]"}),
            "--set profiles.full.workers: unknown worker 'mime'; did you mean 'mine'?");
}

TEST(LoadFaults, Tabs) {
  EXPECT_EQ(faults_of("scenario: x\nmodel:\n\tname: z_image\n \tdtype: bf16\n"),
            "s.yaml:3:1: a tab in the indentation; indent with spaces\n"
            "s.yaml:4:2: a tab in the indentation; indent with spaces");
  EXPECT_EQ(faults_of(small_with("{steps: 9}", "{steps: 9}\t# nine\n\t# a tab before a comment")),
            "");
}

TEST(LoadFaults, KeysGivenTwiceAreReportedAtTheSecond) {
  EXPECT_EQ(faults_of(small_with("  b: {", "  a: {steps: 4}\n  b: {")),
            "s.yaml:8:3: key 'a' given twice, first in line 7; keep one");
  EXPECT_EQ(faults_of(small_with("{steps: 9}", "{steps: 9, shift: 1, steps: 8}")),
            "s.yaml:7:27: key 'steps' given twice, first in line 7; keep one");
}

TEST(LoadFaults, AliasesThatContainThemselves) {
  EXPECT_THAT(faults_of("scenario: x\nmodel: &m {a: *m, b: *m}\n"),
              HasSubstr("nested too deeply or too large"));
}

TEST(LoadFaults, UnknownKeys) {
  EXPECT_EQ(faults_of(small_with("loops:", "loop:")),
            "s.yaml:6:1: unknown key 'loop'; did you mean 'loops'?");
  EXPECT_EQ(faults_of(small_with("steps: 50", "steps: 50, guidence: 5")),
            "s.yaml:8:18: unknown key 'guidence' in loops.b; did you mean 'guidance'?");
  EXPECT_EQ(faults_of(small_with("{name: z_image}", "{name: z_image, banana: 1}")),
            "s.yaml:2:24: unknown key 'banana' in model; known: architecture, batch, "
            "conditioning, dtype, name, resolution, seed, text_tokens, weights");
  EXPECT_EQ(faults_of(small_with("steps: 2", "model: {name: flux1}")),
            "s.yaml:15:30: unknown key 'name' in profiles.cpu.model; known: architecture, "
            "batch, conditioning, dtype, resolution, seed, text_tokens, weights");
}

TEST(LoadFaults, LackingKeys) {
  EXPECT_EQ(faults_of(small_with("scenario: small\n", "")),
            "s.yaml:1:1: the file lacks 'scenario', a name of letters, digits, '-' and '_', such "
            "as scenario: zimage");
  EXPECT_EQ(faults_of(small_with("{steps: 9}", "{shift: 1}")),
            "s.yaml:7:3: loops.a lacks 'steps', an integer, such as steps: 9");
  EXPECT_EQ(faults_of(small_with("  full: {device: cuda}", "  full: {}")),
            "s.yaml:14:3: profiles.full lacks 'device', a word, such as device: cuda");
}

TEST(LoadFaults, UnknownNames) {
  EXPECT_EQ(faults_of(small_with("z_image", "zimage")),
            "s.yaml:2:15: unknown model 'zimage'; did you mean 'z_image'?");
  EXPECT_EQ(faults_of(small_with("graph, eager", "grpah, eager")),
            "s.yaml:3:11: unknown engine 'grpah'; did you mean 'graph'?");
  EXPECT_EQ(faults_of(small_with("[aten, decomposed]", "[aten, decomposd]")),
            "s.yaml:5:20: unknown path of rms_norm: 'decomposd'; did you mean 'decomposed'?");
  EXPECT_EQ(faults_of(small_with("  rms_norm: [aten", "  rmsnorm: [aten")),
            "s.yaml:5:3: unknown kernel family 'rmsnorm'; did you mean 'rms_norm'?");
  EXPECT_EQ(faults_of(small_with("{name: z_image}", "{name: z_image, dtype: bf61}")),
            "s.yaml:2:31: unknown dtype 'bf61'; did you mean 'bf16'?");
  EXPECT_EQ(faults_of(small_with("{name: z_image}", "{name: z_image, architecture: {layer: 1}}")),
            "s.yaml:2:39: unknown architecture key of z_image: 'layer'; did you mean 'layers'?");
  EXPECT_EQ(faults_of(small_with("steps: 2", "loops: [c, turbo]")),
            "s.yaml:15:30: unknown loop 'c'; known: a, b\n"
            "s.yaml:15:33: unknown loop 'turbo'; known: a, b");
  EXPECT_EQ(faults_of(small_with("steps: 2", "kernels: [ada_norm]")),
            "s.yaml:15:32: unknown kernel family of this file: 'ada_norm'; known: rms_norm");
  EXPECT_EQ(faults_of(small_with("device: cuda", "device: gpu")),
            "s.yaml:14:18: unknown device 'gpu'; did you mean 'cpu'?");
  EXPECT_EQ(faults_of(small_with("  a: {", "  a/b: {")),
            "s.yaml:7:3: 'a/b' is no name: letters, digits, '-' and '_', at most 64 of them");
}

TEST(LoadFaults, WrongTypes) {
  EXPECT_EQ(faults_of(small_with("steps: 9", "steps: nine")),
            "s.yaml:7:14: loops.a.steps must be an integer, such as 9; got 'nine'");
  EXPECT_EQ(faults_of(small_with("steps: 9", "steps: 9.5")),
            "s.yaml:7:14: loops.a.steps must be an integer, such as 9; got '9.5'");
  EXPECT_EQ(faults_of(small_with("steps: 9", "steps: \"9\"")),
            "s.yaml:7:14: loops.a.steps must be an integer, such as 9; got the text '9'");
  EXPECT_EQ(faults_of(small_with("steps: 9", "steps:")),
            "s.yaml:7:7: loops.a.steps must be an integer, such as 9; got nothing");
  EXPECT_EQ(faults_of(small_with("steps: 9", "steps: [9]")),
            "s.yaml:7:14: loops.a.steps must be an integer, such as 9; got a list");
  EXPECT_EQ(faults_of(small_with("{steps: 9}", "9")),
            "s.yaml:7:6: loops.a must be a map, such as {steps: 9}; got '9'");
  EXPECT_EQ(faults_of(small_with("[graph, eager]", "graph")),
            "s.yaml:3:10: engines must be a list of engines, such as [graph, eager]; got 'graph'");
  EXPECT_EQ(faults_of(small_with("[graph, eager]", "[graph, {a: b}]")),
            "s.yaml:3:18: engines[] must be a list of engines, such as [graph, eager]; got a map");
  EXPECT_EQ(faults_of(small_with("[graph, eager]", "[]")),
            "s.yaml:3:10: engines is empty; name at least one, such as [graph, eager]");
  EXPECT_EQ(faults_of(small_with("[graph, eager]", "[graph, graph]")),
            "s.yaml:3:18: engines has 'graph' twice; keep one");
  EXPECT_EQ(faults_of(small_with("{steps: 9}", "{steps: 9, gate: {work: 1 s}}")),
            "s.yaml:7:30: loops.a.gate.work must be a percentage or a number, such as 0.5 %; got "
            "'1 s'");
  EXPECT_EQ(faults_of(small_with("steps: 2", "sampling: {warmup: 2}")),
            "s.yaml:15:41: profiles.cpu.sampling.warmup must be a time with its unit, such as "
            "0.2 s; got '2'");
  EXPECT_EQ(faults_of(small_with("[64x128.bf16]", "[64x128]")),
            "s.yaml:11:14: '64x128' is no shape; write ROWSxWIDTH.DTYPE or ROWSxHEADSxWIDTH.DTYPE, "
            "such as 4128x3840.bf16");
  EXPECT_EQ(faults_of(small_with("[64x128.bf16]", "[0x128.bf16]")),
            "s.yaml:11:14: '0x128.bf16' is no shape; write ROWSxWIDTH.DTYPE or "
            "ROWSxHEADSxWIDTH.DTYPE, such as "
            "4128x3840.bf16");
}

struct OutOfRange {
  const char* key;
  const char* allowed;
  std::vector<const char*> bad;
  std::vector<const char*> good;
};

TEST(LoadFaults, ImpossibleValues) {
  for (const auto& [key, allowed, bad, good] : {
           OutOfRange{"loops.a.steps", "1 to 1000", {"0", "-1", "1001", "1000000"}, {"1", "1000"}},
           OutOfRange{"loops.a.guidance", "0 to 100", {"-0.5", "100.5"}, {"0", "100"}},
           OutOfRange{"loops.a.shift", "above 0 to 100", {"0", "-3"}, {"0.001", "100"}},
           OutOfRange{"model.text_tokens", "1 to 4096", {"0", "4097"}, {"1", "4096"}},
           OutOfRange{"model.resolution",
                      "64 to 4096, multiples of 16",
                      {"1000x1024", "48x64", "64x4112", "1024x0", "-64x64"},
                      {"64x4096"}},
           OutOfRange{"model.seed", "0 to 9007199254740991", {"-1"}, {"9007199254740991"}},
           OutOfRange{"gate.work", "above 0 to 50 %", {"0", "0 %", "51 %", "0.6"}, {"50 %"}},
           OutOfRange{"sampling.warmup", "0 s to 600 s", {"-1 s", "11 min"}, {"0 s", "10 min"}},
           OutOfRange{
               "sampling.machine_interval", "0 s to 60 s", {"-1 ms", "61 s"}, {"0 s", "20 ms"}},
       }) {
    for (const std::string value : bad) {
      const std::string set = std::string(key) + "=" + value;
      EXPECT_EQ(faults_of(kSmall, {set}), std::string("--set ") + key + ": " + key + " must be " +
                                              allowed + "; got '" + value + "'");
    }
    for (const std::string value : good)
      EXPECT_EQ(faults_of(kSmall, {std::string(key) + "=" + value}), "") << key << " " << value;
  }
}

TEST(LoadFaults, CombinationsOfKeys) {
  EXPECT_EQ(faults_of("scenario: x\nprofiles: {p: {device: cpu}}\n"),
            "s.yaml:1:1: nothing to measure; give the file 'loops' or 'kernels'");
  EXPECT_EQ(faults_of("scenario: x\nloops: {}\nkernels: {}\nprofiles: {p: {device: cpu}}\n"),
            "s.yaml:1:1: nothing to measure; give the file 'loops' or 'kernels'");
  EXPECT_EQ(faults_of(small_with("  full: {device: cuda}\n  cpu: {device: cpu, steps: 2}", "  {}")),
            "s.yaml:13:1: no profile; give one, such as full: {device: cuda}");
  EXPECT_EQ(faults_of(small_with("engines: [graph, eager]\n", "")),
            "s.yaml:6:3: no engine for loop a; give 'engines' or 'loops.a.engines', such as "
            "[graph]\n"
            "s.yaml:7:3: no engine for loop b; give 'engines' or 'loops.b.engines', such as "
            "[graph]");
  EXPECT_EQ(faults_of(small_with("paths:\n  rms_norm: [aten, decomposed]\nloops:\n  a: {",
                                 "loops:\n  a: {paths: {rms_norm: [aten]}, ")),
            "s.yaml:6:3: no path for loop b; give 'paths' or 'loops.b.paths', such as {rms_norm: "
            "[aten]}");
  EXPECT_EQ(faults_of(small_with("model: {name: z_image}\n", "")),
            "s.yaml:5:1: loops need a model; give 'model', such as {name: z_image}");
}

TEST(LoadFaults, AModelIsNeededForItsShapesOnly) {
  const std::string kernels = "scenario: x\nkernels: {rms_norm: {SHAPES paths: [aten]}}\n"
                              "profiles: {p: {device: cpu}}\n";
  const auto with = [&](const std::string& shapes) {
    return faults_of(std::string(kernels).replace(kernels.find("SHAPES"), 6, shapes));
  };
  EXPECT_EQ(with("shapes: [64x128.bf16],"), "");
  for (const char* shapes : {"", "shapes: model,"}) {
    EXPECT_EQ(with(shapes), "s.yaml:2:11: the shapes of rms_norm need a model; give 'model', or "
                            "shapes such as [4128x3840.bf16]");
  }
}

TEST(LoadFaults, AModelThatCallsNoSuchKernel) {
  EXPECT_EQ(faults_of(small_with("kernels:\n", "kernels:\n  ada_norm: {paths: [fused]}\n")),
            "s.yaml:10:3: z_image calls no ada_norm; give shapes such as [4128x3840.bf16]");
}

TEST(LoadFaults, WhatTheModelSaysOfItsNumbers) {
  EXPECT_EQ(faults_of(small_with("{name: z_image}", "{name: z_image, architecture: {heads: 0}}")),
            "s.yaml:2:1: model: heads must be at least 1");
  EXPECT_EQ(faults_of(small_with("steps: 2", "model: {architecture: {heads: 0}}")),
            "s.yaml:15:22: profiles.cpu.model: heads must be at least 1");
  EXPECT_EQ(faults_of(kSmall, {"model.architecture.heads=0"}),
            "s.yaml:2:1: model: heads must be at least 1");
}

TEST(LoadFaults, WhatTheModelSaysOfTheNumbersOfALoop) {
  EXPECT_EQ(faults_of(small_with("{steps: 9}", "{steps: 9, architecture: {heads: 0}}")),
            "s.yaml:7:17: loops.a: heads must be at least 1");
  EXPECT_EQ(faults_of(small_with("{steps: 9}", "{steps: 9, architecture: {hats: 1}}")),
            "s.yaml:7:32: unknown architecture key of z_image: 'hats'; did you mean 'heads'?");
}

TEST(LoadFaults, APictureForAModelThatEditsNone) {
  EXPECT_EQ(faults_of(small_with("{name: z_image}", "{name: z_image, conditioning: 64x64}")),
            "s.yaml:2:24: model.conditioning: z_image edits no picture; remove the key");
  EXPECT_EQ(faults_of(small_with("steps: 2", "model: {conditioning: 64x64}")),
            "s.yaml:15:30: profiles.cpu.model.conditioning: z_image edits no picture; remove the "
            "key");
}

TEST(LoadFaults, WeightsAreRandomOrAPath) {
  EXPECT_EQ(faults_of(small_with("{name: z_image}", "{name: z_image, weights: some/folder}")), "");
  EXPECT_EQ(faults_of(small_with("{name: z_image}", "{name: z_image, weights: [a]}")),
            "s.yaml:2:33: model.weights must be 'random', 'signs' or a path, such as "
            "models/FLUX.1-dev/transformer; got a list");
}

TEST(LoadFaults, AllAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(faults_of("scenario: x\n"
                      "profiles: {p: {device: tpu}}\n"
                      "model: {name: z_image, architecture: {heads: 0}}\n"
                      "loops:\n"
                      "  a: {steps: 0, stepps: 1}\n",
                      {"gate.work=99 %"}),
            "s.yaml:2:24: unknown device 'tpu'; did you mean 'cpu'?\n"
            "s.yaml:3:1: model: heads must be at least 1\n"
            "s.yaml:5:3: no engine for loop a; give 'engines' or 'loops.a.engines', such as "
            "[graph]\n"
            "s.yaml:5:3: no path for loop a; give 'paths' or 'loops.a.paths', such as {rms_norm: "
            "[aten]}\n"
            "s.yaml:5:14: loops.a.steps must be 1 to 1000; got '0'\n"
            "s.yaml:5:17: unknown key 'stepps' in loops.a; did you mean 'steps'?\n"
            "--set gate.work: gate.work must be above 0 to 50 %; got '99 %'");
}

} // namespace
} // namespace bench::scenario
