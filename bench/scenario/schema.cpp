#include <bench/scenario/schema.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace bench::scenario {

namespace {

constexpr Range kSteps{1, 1000};
constexpr Range kTokens{1, 4096};
constexpr Range kBatch{1, 256};
constexpr Range kPixels{64, 4096};
constexpr Range kSeeds{0, 9007199254740991}; // 2^53 - 1: what every JSON reader keeps
constexpr Range kArchitecture{0, 1'000'000};
constexpr Range kGuidance{0, 100};
constexpr Range kShift{0, 100, true};
constexpr Range kGate{0, 0.5, true};
constexpr Range kLoops{1, 1000};
constexpr Range kRegions{1, 100'000};
constexpr Range kPlacements{1, 1000};
constexpr Range kReplicates{1, 100};
constexpr Range kWarmup{0, 600};
constexpr Range kMachineInterval{0, 60};
constexpr Range kPatience{1, 3600};
constexpr std::string_view kDTypes = "bf16, fp16, fp32";
constexpr std::string_view kDevices = "cpu, cuda";

// clang-format off
constexpr auto kSchema = std::to_array<SchemaKey>({
  {"scenario", Type::name, kRequired, "Name of the scenario, the first part of every case id.", "zimage"},

  {"model", Type::map, "(none)", "The denoiser and its inputs. Needed by loops, unless all their engines are `worker`, and by `shapes: model`.", "{name: z_image}"},
  {"model.name", Type::model, kRequired, "Which model.", "z_image"},
  {"model.resolution", Type::resolution, "1024x1024", "Width and height of the image in pixels.", "1024x768", kPixels},
  {"model.conditioning", Type::resolution, "(the image's)", "Width and height in pixels of the picture to edit; only for models that edit one.", "512x512", kPixels},
  {"model.batch", Type::integer, "1", "Images of one caption that are denoised together.", "4", kBatch},
  {"model.text_tokens", Type::integer, "32", "Caption tokens before any padding.", "77", kTokens},
  {"model.dtype", Type::choice, "bf16", "Of weights and activations.", "fp16", {}, kDTypes},
  {"model.weights", Type::weights, "random", "`random`: drawn on the device from `seed`. `signs`: of each of these its sign only, in one size: the same work at less power. Or a folder as published in diffusers' format, or one of its safetensors files; from the current folder.", "models/FLUX.1-dev/transformer"},
  {"model.seed", Type::integer, "0", "Of weights, latents and caption features.", "20962", kSeeds},
  {"model.architecture", Type::map, "(the published model's)", "Numbers of the model to change.", "{layers: 2}"},
  {"model.architecture.<key>", Type::integer, "(the published model's)", "One number. Which there are, the model says; `bench list` shows them.", "2", kArchitecture},

  {"engines", Type::engines, "(none)", "How loops execute. Needed unless every loop has its own.", "[graph, eager]"},
  {"paths", Type::map, "(none)", "Which implementations loops run. Needed unless every loop has its own or runs by the engine `worker` only. One that needs a GPU is left out by profiles of another device.", "{rms_norm: [aten]}"},
  {"paths.<family>", Type::paths, "(none)", "Paths of one kernel family. Of several families, every combination is a case. `rms_norm` also chooses what the path fuses with it.", "[aten, decomposed]"},

  {"loops", Type::map, "(none)", "Denoise loops to measure. A scenario has loops, kernels or both.", "{turbo-9: {steps: 9}}"},
  {"loops.<loop>", Type::map, "(none)", "All steps of one image; the id is a part of the case id.", "{steps: 9}"},
  {"loops.<loop>.steps", Type::integer, kRequired, "Denoise steps.", "9", kSteps},
  {"loops.<loop>.guidance", Type::number, "0", "Scale of guidance. Where the network takes it as an input (FLUX.1, FLUX.2-dev) one forward a step; else 0: none, above: classifier-free, two forwards.", "5.0", kGuidance},
  {"loops.<loop>.negative_text_tokens", Type::integer, "32", "Caption tokens of the unconditional forward. Only of use with two forwards a step.", "32", kTokens},
  {"loops.<loop>.shift", Type::number, "(the model's)", "Of the flow-match schedule. The model's: 3.0 for Z-Image; for the others the published pipeline's, from tokens and steps.", "6.0", kShift},
  {"loops.<loop>.architecture", Type::map, "(the scenario's)", "Changes to `model.architecture` for this loop, key by key; a profile's come after them.", "{layers: 5}"},
  {"loops.<loop>.architecture.<key>", Type::integer, "(the scenario's)", "Instead of `model.architecture.<key>`.", "5", kArchitecture},
  {"loops.<loop>.engines", Type::engines, "(the scenario's)", "Instead of `engines`.", "[graph]"},
  {"loops.<loop>.paths", Type::map, "(the scenario's)", "Instead of `paths`, family by family.", "{rms_norm: [aten]}"},
  {"loops.<loop>.paths.<family>", Type::paths, "(the scenario's)", "Instead of `paths.<family>`.", "[aten]"},
  {"loops.<loop>.gate", Type::map, "(the scenario's)", "Instead of `gate`.", "{work: 0.5 %}"},
  {"loops.<loop>.gate.work", Type::fraction, "(the scenario's)", "Instead of `gate.work`.", "0.5 %", kGate},

  {"workers", Type::map, "(none)", "Other processes that run loops under the engine `worker`, such as diffusers; see bench/workers/README.md.", "{mine: {command: [python3, mine.py]}}"},
  {"workers.<worker>", Type::map, "(none)", "One of them; its id is the last part of the case ids.", "{command: [python3, mine.py]}"},
  {"workers.<worker>.command", Type::words, kRequired, "Program and arguments. `python3` is the Python whose torch bench uses. The script is looked for beside the scenario file, then in the folder of bench.", "[python3, mine.py, --compile]"},
  {"workers.<worker>.patience", Type::duration, "10 min", "It may be silent so long, when it loads and compiles too; then it is ended and its case invalid.", "30 min", kPatience},

  {"kernels", Type::map, "(none)", "Kernels to measure by themselves.", "{rms_norm: {paths: [aten]}}"},
  {"kernels.<family>", Type::map, "(none)", "One kernel family.", "{paths: [aten]}"},
  {"kernels.<family>.shapes", Type::shapes, "model", "`model`: those that one forward of the model calls it with; or a list of `ROWSxWIDTH.DTYPE` or `ROWSxHEADSxWIDTH.DTYPE`.", "[4128x3840.bf16]"},
  {"kernels.<family>.paths", Type::paths, kRequired, "Its implementations to measure.", "[aten, decomposed]"},
  {"kernels.<family>.gate", Type::map, "(the scenario's)", "Instead of `gate`.", "{work: 1 %}"},
  {"kernels.<family>.gate.work", Type::fraction, "(the scenario's)", "Instead of `gate.work`.", "1 %", kGate},

  {"gate", Type::map, "(its defaults)", "How much drift is a failure.", "{work: 0.2 %}"},
  {"gate.work", Type::fraction, "0.2 %", "Relative drift of work, time at a fixed clock, in either direction.", "0.002", kGate},

  {"sampling", Type::map, "(its defaults)", "How much is measured.", "{loops: 5}"},
  {"sampling.replicates", Type::integer, "3", "Fresh processes that measure every case, before any is judged.", "5", kReplicates},
  {"sampling.loops", Type::integer, "1", "Whole loops timed in a loop case, at least; each replicate.", "5", kLoops},
  {"sampling.loop_time", Type::duration, "3 s", "Loops are timed for at least so long; each replicate.", "10 s", kWarmup},
  {"sampling.regions", Type::integer, "16", "Timed regions in a kernel case, over all its placements; each replicate.", "10", kRegions},
  {"sampling.placements", Type::integer, "8", "Places in memory of a kernel case, the same in each replicate.", "4", kPlacements},
  {"sampling.warmup", Type::duration, "1 s", "At least so long before the first sample, and until steady. In `ms`, `s` or `min`.", "500 ms", kWarmup},
  {"sampling.machine_interval", Type::duration, "100 ms", "How often the GPU's power, clock and temperature are read while a loop is timed, and beside them its joules. `0 s`: never.", "0 s", kMachineInterval},

  {"profiles", Type::map, kRequired, "Parts of the scenario to run by name. At least one.", "{full: {device: cuda}}"},
  {"profiles.<profile>", Type::map, "(none)", "One profile.", "{device: cuda}"},
  {"profiles.<profile>.device", Type::choice, kRequired, "What it runs on.", "cuda", {}, kDevices},
  {"profiles.<profile>.loops", Type::loops, "(all)", "Only these loops.", "[turbo-9]"},
  {"profiles.<profile>.engines", Type::engines, "(all)", "Only these engines, of those that a loop has.", "[graph]"},
  {"profiles.<profile>.paths", Type::map, "(all)", "Only some paths, in loops; kernels keep theirs.", "{rms_norm: [aten]}"},
  {"profiles.<profile>.paths.<family>", Type::paths, "(all)", "Only these paths, of those that a loop has.", "[aten]"},
  {"profiles.<profile>.workers", Type::workers, "(all)", "Only these workers.", "[mine]"},
  {"profiles.<profile>.kernels", Type::families, "(all)", "Only these kernel families; `[]`: none.", "[rms_norm]"},
  {"profiles.<profile>.kernel_paths", Type::paths, "(all)", "Only these paths, of those that a kernel family has.", "[fused]"},
  {"profiles.<profile>.kernel_shapes", Type::shapes, "(all)", "Only these shapes, of those that a kernel family has.", "[32x3840.bf16]"},
  {"profiles.<profile>.steps", Type::integer, "(no limit)", "Upper limit on the steps of each loop.", "4", kSteps},
  {"profiles.<profile>.model", Type::map, "(the scenario's)", "Changes to `model`, key by key.", "{resolution: 128x128}"},
  {"profiles.<profile>.model.resolution", Type::resolution, "(the scenario's)", "Instead of `model.resolution`.", "128x128", kPixels},
  {"profiles.<profile>.model.conditioning", Type::resolution, "(the scenario's)", "Instead of `model.conditioning`.", "64x64", kPixels},
  {"profiles.<profile>.model.batch", Type::integer, "(the scenario's)", "Instead of `model.batch`.", "2", kBatch},
  {"profiles.<profile>.model.text_tokens", Type::integer, "(the scenario's)", "Instead of `model.text_tokens`.", "8", kTokens},
  {"profiles.<profile>.model.dtype", Type::choice, "(the scenario's)", "Instead of `model.dtype`.", "fp32", {}, kDTypes},
  {"profiles.<profile>.model.weights", Type::weights, "(the scenario's)", "Instead of `model.weights`.", "random"},
  {"profiles.<profile>.model.seed", Type::integer, "(the scenario's)", "Instead of `model.seed`.", "1", kSeeds},
  {"profiles.<profile>.model.architecture", Type::map, "(the scenario's)", "Changes to `model.architecture`, key by key.", "{layers: 2}"},
  {"profiles.<profile>.model.architecture.<key>", Type::integer, "(the scenario's)", "Instead of `model.architecture.<key>`.", "2", kArchitecture},
  {"profiles.<profile>.sampling", Type::map, "(the scenario's)", "Changes to `sampling`, key by key.", "{loops: 5}"},
  {"profiles.<profile>.sampling.replicates", Type::integer, "(the scenario's)", "Instead of `sampling.replicates`.", "5", kReplicates},
  {"profiles.<profile>.sampling.loops", Type::integer, "(the scenario's)", "Instead of `sampling.loops`.", "5", kLoops},
  {"profiles.<profile>.sampling.loop_time", Type::duration, "(the scenario's)", "Instead of `sampling.loop_time`.", "10 s", kWarmup},
  {"profiles.<profile>.sampling.regions", Type::integer, "(the scenario's)", "Instead of `sampling.regions`.", "10", kRegions},
  {"profiles.<profile>.sampling.placements", Type::integer, "(the scenario's)", "Instead of `sampling.placements`.", "4", kPlacements},
  {"profiles.<profile>.sampling.warmup", Type::duration, "(the scenario's)", "Instead of `sampling.warmup`.", "0.2 s", kWarmup},
  {"profiles.<profile>.sampling.machine_interval", Type::duration, "(the scenario's)", "Instead of `sampling.machine_interval`.", "50 ms", kMachineInterval},
});
// clang-format on

std::string_view type_name(Type type) {
  switch (type) {
  case Type::map:
    return "map";
  case Type::name:
  case Type::model:
    return "name";
  case Type::choice:
    return "word";
  case Type::engines:
  case Type::paths:
  case Type::loops:
  case Type::families:
  case Type::workers:
  case Type::words:
    return "list";
  case Type::shapes:
    return "`model` or list";
  case Type::integer:
    return "integer";
  case Type::number:
    return "number";
  case Type::fraction:
    return "percentage or number";
  case Type::duration:
    return "duration";
  case Type::resolution:
    return "WIDTHxHEIGHT";
  case Type::weights:
    return "`random`, `signs` or path";
  }
  return {};
}

std::string default_in_words(const SchemaKey& key) {
  if (key.is_required())
    return "**required**";
  if (key.fallback.starts_with('('))
    return std::string(key.fallback.substr(1, key.fallback.size() - 2));
  return fmt::format("`{}`", key.fallback);
}

} // namespace

bool SchemaKey::is_required() const {
  return fallback == kRequired;
}

std::span<const SchemaKey> schema() {
  return kSchema;
}

const SchemaKey& schema_key(std::string_view path) {
  const auto found = std::ranges::find(kSchema, path, &SchemaKey::path);
  if (found == kSchema.end())
    throw std::logic_error(fmt::format("the schema has no key '{}'", path));
  return *found;
}

std::vector<const SchemaKey*> schema_children(std::string_view path) {
  std::vector<const SchemaKey*> children;
  for (const SchemaKey& key : kSchema) {
    const std::size_t dot = key.path.rfind('.');
    const std::string_view parent =
        dot == std::string_view::npos ? std::string_view() : key.path.substr(0, dot);
    if (parent == path)
      children.push_back(&key);
  }
  return children;
}

const SchemaKey* match_child(const std::vector<const SchemaKey*>& children, std::string_view name) {
  const SchemaKey* placeholder = nullptr;
  for (const SchemaKey* child : children)
    if (child->is_placeholder())
      placeholder = child;
    else if (child->last() == name)
      return child;
  return placeholder;
}

std::string_view noun(Type type) {
  switch (type) {
  case Type::map:
    return "a map";
  case Type::name:
    return "a name of letters, digits, '-' and '_'";
  case Type::choice:
    return "a word";
  case Type::model:
    return "the name of a model";
  case Type::engines:
    return "a list of engines";
  case Type::paths:
    return "a list of paths";
  case Type::loops:
    return "a list of loops";
  case Type::families:
    return "a list of kernel families";
  case Type::workers:
    return "a list of workers";
  case Type::words:
    return "a list of words";
  case Type::shapes:
    return "'model' or a list of shapes";
  case Type::integer:
    return "an integer";
  case Type::number:
    return "a number";
  case Type::fraction:
    return "a percentage or a number";
  case Type::duration:
    return "a time with its unit";
  case Type::resolution:
    return "WIDTHxHEIGHT";
  case Type::weights:
    return "'random', 'signs' or a path";
  }
  return {};
}

std::string allowed_values(const SchemaKey& key) {
  const auto [least, most, excludes_least] = key.range;
  const std::string_view above = excludes_least ? "above " : "";
  switch (key.type) {
  case Type::choice:
    return std::string(key.choices);
  case Type::integer:
  case Type::number:
    return fmt::format("{}{} to {}", above, least, most);
  case Type::fraction:
    return fmt::format("{}{} to {} %", above, least * 100, most * 100);
  case Type::duration:
    return fmt::format("{}{} s to {} s", above, least, most);
  case Type::resolution:
    return fmt::format("{} to {}, multiples of {}", least, most, kResolutionMultiple);
  default:
    return {};
  }
}

std::string schema_markdown() {
  std::string table = "| key | type | default | allowed | meaning | example |\n"
                      "| --- | --- | --- | --- | --- | --- |\n";
  for (const SchemaKey& key : kSchema) {
    table += fmt::format("| `{}` | {} | {} | {} | {} | `{}` |\n", key.path, type_name(key.type),
                         default_in_words(key), allowed_values(key), key.meaning, key.example);
  }
  return table;
}

} // namespace bench::scenario
