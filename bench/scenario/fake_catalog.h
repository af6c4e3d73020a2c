#pragma once

#include <bench/scenario/scenario.h>

#include <string>
#include <vector>

namespace bench::scenario {

/// A catalog that looks like the real one, and a second model and family for what needs two.
inline Catalog fake_catalog() {
  const auto shapes = [](const ModelSpec& spec, std::string_view family) {
    std::vector<KernelShape> shapes;
    if (family == "rms_norm") {
      const std::int64_t image_tokens = (spec.width / 16) * (spec.height / 16);
      const std::int64_t heads = spec.architecture.at("heads");
      const std::int64_t head_width = spec.architecture.at("head_width");
      const std::int64_t all_tokens = image_tokens + (spec.text_tokens + 31) / 32 * 32;
      shapes.push_back({all_tokens, heads * head_width, spec.dtype});
      shapes.push_back({all_tokens * heads, head_width, spec.dtype}); // queries
      shapes.push_back({all_tokens * heads, head_width, spec.dtype}); // keys
    }
    return shapes;
  };
  const auto fault = [](const ModelSpec& spec) -> std::string {
    return spec.architecture.at("heads") > 0 ? "" : "heads must be at least 1";
  };
  Catalog catalog;
  catalog.models.push_back({.name = "z_image",
                            .work_version = 1,
                            .architecture = {{"layers", 30},
                                             {"refiner_layers", 2},
                                             {"heads", 30},
                                             {"head_width", 128},
                                             {"caption_width", 2560}},
                            .kernel_shapes = shapes,
                            .fault = fault,
                            .shift = 3});
  catalog.models.push_back({.name = "flux1",
                            .work_version = 1,
                            .architecture = {{"heads", 24}, {"head_width", 128}},
                            .kernel_shapes = shapes,
                            .fault = fault});
  catalog.models.push_back({.name = "editor",
                            .work_version = 1,
                            .architecture = {{"heads", 24}, {"head_width", 128}},
                            .kernel_shapes = shapes,
                            .fault = fault,
                            .edits = true});
  catalog.engines = {"eager", "graph", "worker"};
  catalog.families.push_back(
      {.name = "rms_norm", .work_version = 1, .paths = {"decomposed", "aten", "cuda"}});
  catalog.families.push_back({.name = "ada_norm", .work_version = 1, .paths = {"aten", "fused"}});
  return catalog;
}

/// `load` of a file with this text.
Scenario load_text(const std::string& text, const std::vector<std::string>& overrides = {},
                   const Catalog& catalog = fake_catalog());

/// What `load` throws, the file called "s.yaml"; "" when it throws nothing.
std::string faults_of(const std::string& text, const std::vector<std::string>& overrides = {});

/// A small scenario that loads: loops a and b, one kernel shape, profiles cpu and full.
inline constexpr const char* kSmall = R"(scenario: small
model: {name: z_image}
engines: [graph, eager]
paths:
  rms_norm: [aten, decomposed]
loops:
  a: {steps: 9}
  b: {steps: 50, guidance: 5}
kernels:
  rms_norm:
    shapes: [64x128.bf16]
    paths: [aten]
profiles:
  full: {device: cuda}
  cpu: {device: cpu, steps: 2}
workers:
  mine: {command: [python3, mine.py]}
)";

/// kSmall with the one occurrence of `from` replaced.
std::string small_with(const std::string& from, const std::string& to);

} // namespace bench::scenario
