#include <bench/scenario/fake_catalog.h>
#include <bench/scenario/hash.h>

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace bench::scenario {
namespace {

/// Hash by id of every case of a profile.
std::map<std::string, std::string> hashes(const std::string& text, const Catalog& catalog,
                                          const std::string& profile = "full") {
  std::map<std::string, std::string> hashes;
  for (const Case& measured : expand(load_text(text, {}, catalog), profile, catalog).cases)
    hashes[measured.id] = measured.hash;
  return hashes;
}

std::map<std::string, std::string> hashes(const std::string& text) {
  return hashes(text, fake_catalog());
}

Case loop_case() {
  return expand(load_text(kSmall), "full", fake_catalog()).cases.front();
}

// A change here means that no committed baseline can be compared any more.
TEST(Hash, GoldenValues) {
  const auto small = hashes(kSmall);
  EXPECT_EQ(small.at("small/loop/a/graph/aten"), "8669860c25a14e3d");
  EXPECT_EQ(small.at("small/rms_norm/64x128.bf16/aten"), "76001133f88ba739");
}

TEST(Hash, CanonicalTextOfALoop) {
  EXPECT_EQ(canonical_work(loop_case()), "device=cuda\n"
                                         "work_version=1\n"
                                         "kind=loop\n"
                                         "model=z_image\n"
                                         "width=1024\n"
                                         "height=1024\n"
                                         "text_tokens=32\n"
                                         "dtype=bf16\n"
                                         "weights=random\n"
                                         "seed=0\n"
                                         "architecture.caption_width=2560\n"
                                         "architecture.head_width=128\n"
                                         "architecture.heads=30\n"
                                         "architecture.layers=30\n"
                                         "architecture.refiner_layers=2\n"
                                         "steps=9\n"
                                         "guidance=0\n"
                                         "shift=3\n"
                                         "engine=graph\n"
                                         "path.rms_norm=aten\n");
}

TEST(Hash, OfAWorkerCountsItsCommandAndNotItsNameOrPatience) {
  const auto hash = [](const std::string& workers) {
    const Scenario scenario = load_text(kSmall, {"engines=[worker]", "workers={" + workers + "}"});
    return expand(scenario, "full", fake_catalog()).cases.front().hash;
  };
  const std::string mine = hash("mine: {command: [python3, mine.py]}");
  EXPECT_EQ(hash("other: {command: [python3, mine.py], patience: 1 min}"), mine);
  EXPECT_NE(hash("mine: {command: [python3, mine.py, --compile]}"), mine);
  EXPECT_NE(hash("mine: {command: [python3 mine.py]}"), mine);
}

TEST(Hash, NothingButTheWorkCounts) {
  const auto before = hashes(kSmall);
  for (const auto& [from, to] : std::map<std::string, std::string>{
           {"model:", "# a comment\nmodel:"},
           {"  a: {steps: 9}\n", "  new: {steps: 9}\n  a: {steps: 9}\n"},
           {"  a: {steps: 9}\n  b: {steps: 50, guidance: 5}\n",
            "  b: {guidance: 5.0, steps: 50}\n  a: {steps: 9, negative_text_tokens: 77}\n"},
           {"[graph, eager]", "[eager, graph]"},
           {"[64x128.bf16]", "[32x128.bf16, 64x128.bf16]"},
           {"profiles:", "gate: {work: 5 %}\nsampling: {loops: 9, warmup: 1 s, machine_interval: "
                         "100 ms}\nprofiles:"},
           {"{name: z_image}",
            "{name: z_image, resolution: 1024x1024, architecture: {layers: 30}}"},
       }) {
    const auto after = hashes(small_with(from, to));
    for (const auto& [id, hash] : before)
      EXPECT_EQ(after.at(id), hash) << id << " after " << to;
  }
}

TEST(Hash, NamesDoNotCount) {
  EXPECT_EQ(hashes(small_with("scenario: small", "scenario: other")).at("other/loop/a/graph/aten"),
            hashes(kSmall).at("small/loop/a/graph/aten"));
  EXPECT_EQ(hashes(small_with("  a: {", "  c: {")).at("small/loop/c/graph/aten"),
            hashes(kSmall).at("small/loop/a/graph/aten"));
  EXPECT_EQ(hashes(small_with("  full:", "  all:"), fake_catalog(), "all"), hashes(kSmall));
}

TEST(Hash, AnyFieldOfALoopCounts) {
  std::set<std::string> seen{case_hash(loop_case())};
  const auto expect_new = [&](const char* what, auto change) {
    Case measured = loop_case();
    change(measured, std::get<LoopCase>(measured.work));
    EXPECT_TRUE(seen.insert(case_hash(measured)).second) << what;
  };
  expect_new("device", [](Case& c, LoopCase&) { c.device = DeviceKind::cpu; });
  expect_new("work version", [](Case& c, LoopCase&) { c.work_version = 2; });
  expect_new("model", [](Case&, LoopCase& l) { l.model.name = "flux1"; });
  expect_new("width", [](Case&, LoopCase& l) { l.model.width = 512; });
  expect_new("height", [](Case&, LoopCase& l) { l.model.height = 512; });
  expect_new("text tokens", [](Case&, LoopCase& l) { l.model.text_tokens = 64; });
  expect_new("dtype", [](Case&, LoopCase& l) { l.model.dtype = DType::fp16; });
  expect_new("batch", [](Case&, LoopCase& l) { l.model.batch = 2; });
  expect_new("conditioning", [](Case&, LoopCase& l) { l.model.picture_width = 64; });
  expect_new("weights", [](Case&, LoopCase& l) { l.model.weights = "file"; });
  expect_new("seed", [](Case&, LoopCase& l) { l.model.seed = 1; });
  expect_new("architecture", [](Case&, LoopCase& l) { l.model.architecture["layers"] = 2; });
  expect_new("steps", [](Case&, LoopCase& l) { l.spec.steps = 8; });
  expect_new("guidance", [](Case&, LoopCase& l) { l.spec.guidance = 5; });
  expect_new("negative tokens", [](Case&, LoopCase& l) {
    l.spec.guidance = 5;
    l.spec.negative_text_tokens = 64;
  });
  expect_new("shift", [](Case&, LoopCase& l) { l.spec.shift = 3.25; });
  expect_new("engine", [](Case&, LoopCase& l) { l.engine = "eager"; });
  expect_new("path", [](Case&, LoopCase& l) { l.paths["rms_norm"] = "cuda"; });
  expect_new("another family", [](Case&, LoopCase& l) { l.paths["ada_norm"] = "aten"; });
}

TEST(Hash, AnyFieldOfAKernelCounts) {
  std::set<std::string> seen;
  const auto expect_new = [&](const char* what, auto change) {
    Case measured = expand(load_text(kSmall), "full", fake_catalog()).cases.back();
    change(measured, std::get<KernelCase>(measured.work));
    EXPECT_TRUE(seen.insert(case_hash(measured)).second) << what;
  };
  expect_new("as it is", [](Case&, KernelCase&) {});
  expect_new("device", [](Case& c, KernelCase&) { c.device = DeviceKind::cpu; });
  expect_new("work version", [](Case& c, KernelCase&) { c.work_version = 2; });
  expect_new("family", [](Case&, KernelCase& k) { k.family = "ada_norm"; });
  expect_new("rows", [](Case&, KernelCase& k) { k.shape.rows = 65; });
  expect_new("width", [](Case&, KernelCase& k) { k.shape.width = 256; });
  expect_new("dtype", [](Case&, KernelCase& k) { k.shape.dtype = DType::fp32; });
  expect_new("path", [](Case&, KernelCase& k) { k.path = "cuda"; });
}

TEST(Hash, WorkVersionsOfTheCatalogCount) {
  const auto before = hashes(kSmall);
  Catalog catalog = fake_catalog();
  catalog.models[0].work_version = 2;
  const auto other_model = hashes(kSmall, catalog);
  catalog = fake_catalog();
  catalog.families[0].work_version = 2;
  const auto other_kernel = hashes(kSmall, catalog);

  const std::string loop = "small/loop/a/graph/aten";
  const std::string kernel = "small/rms_norm/64x128.bf16/aten";
  EXPECT_NE(other_model.at(loop), before.at(loop));
  EXPECT_EQ(other_model.at(kernel), before.at(kernel));
  EXPECT_EQ(other_kernel.at(loop), before.at(loop));
  EXPECT_NE(other_kernel.at(kernel), before.at(kernel));
}

} // namespace
} // namespace bench::scenario
