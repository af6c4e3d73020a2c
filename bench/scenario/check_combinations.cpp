#include <bench/scenario/check.h>
#include <bench/scenario/model_spec.h>
#include <bench/scenario/scenario.h>
#include <bench/scenario/section.h>

#include <fmt/format.h>

#include <algorithm>

namespace bench::scenario {

namespace {

bool has_entries(const Node* map) {
  return map != nullptr && !map->entries.empty();
}

/// False for what is no map: that it is none, check_keys says.
bool is_empty_map(const Node& node) {
  return node.is_map() && node.entries.empty();
}

void check_something_to_measure(const Node& root, Faults& faults) {
  const Node* const loops = root.find("loops");
  const Node* const kernels = root.find("kernels");
  if ((loops == nullptr || is_empty_map(*loops)) && (kernels == nullptr || is_empty_map(*kernels)))
    faults.add(root.place, "nothing to measure; give the file 'loops' or 'kernels'");
  // That 'profiles' is absent, check_keys says.
  if (const Node::Entry* profiles = root.find_entry("profiles");
      profiles != nullptr && is_empty_map(profiles->value)) {
    faults.add(profiles->place, "no profile; give one, such as full: {device: cuda}");
  }
}

/// The engines that a loop names, or else the file.
std::vector<std::string> engines_of(const Node& root, const Node::Entry& loop) {
  const Node* engines = loop.value.find("engines");
  if (engines == nullptr)
    engines = root.find("engines");
  return engines == nullptr ? std::vector<std::string>{} : texts(*engines);
}

/// It runs elsewhere, whatever the profile: it needs neither paths nor a model of the catalog.
bool has_workers_only(const Node& root, const Node::Entry& loop) {
  const std::vector<std::string> engines = engines_of(root, loop);
  return !engines.empty() && std::ranges::all_of(engines, [](const std::string& engine) {
    return engine == kWorkerEngine;
  });
}

void check_loops(const Node& root, Faults& faults) {
  for (const Node::Entry& loop : entries_of(root.find("loops"))) {
    const std::vector<std::string> engines = engines_of(root, loop);
    if (std::ranges::find(engines, kWorkerEngine) != engines.end() &&
        !has_entries(root.find("workers"))) {
      faults.add(loop.place, fmt::format("no worker for loop {}, which has the engine worker; give "
                                         "'workers', such as "
                                         "{{mine: {{command: [python3, mine.py]}}}}",
                                         loop.key));
    }
    if (root.find("engines") == nullptr && loop.value.find("engines") == nullptr) {
      faults.add(loop.place, fmt::format("no engine for loop {0}; give 'engines' or "
                                         "'loops.{0}.engines', such as [graph]",
                                         loop.key));
    }
    if (!has_entries(root.find("paths")) && !has_entries(loop.value.find("paths")) &&
        !has_workers_only(root, loop)) {
      faults.add(loop.place, fmt::format("no path for loop {0}; give 'paths' or "
                                         "'loops.{0}.paths', such as {{rms_norm: [aten]}}",
                                         loop.key));
    }
  }
}

/// Whether the kernel family is measured in the shapes that the model calls it with.
bool has_shapes_of_model(const Node::Entry& family) {
  const Node* shapes = family.value.find("shapes");
  return shapes == nullptr || shapes->is_scalar();
}

void check_model_is_there(const Node& root, Faults& faults) {
  if (root.find("model") != nullptr)
    return;
  const Node* const loops = root.find("loops");
  if (has_entries(loops) && !std::ranges::all_of(loops->entries, [&](const Node::Entry& loop) {
        return has_workers_only(root, loop);
      })) {
    faults.add(root.find_entry("loops")->place,
               "loops need a model; give 'model', such as {name: z_image}");
  }
  for (const Node::Entry& family : entries_of(root.find("kernels"))) {
    if (has_shapes_of_model(family)) {
      faults.add(family.place, fmt::format("the shapes of {} need a model; give 'model', or shapes "
                                           "such as [4128x3840.bf16]",
                                           family.key));
    }
  }
  for (const Node::Entry& profile : entries_of(root.find("profiles")))
    if (const Node::Entry* changes = profile.value.find_entry("model"))
      faults.add(changes->place, "changes to a model that the file lacks; give 'model'");
}

void check_model_calls_kernels(const Node& root, const Catalog& catalog, Faults& faults) {
  const ModelSpec spec = read_model(root, nullptr, nullptr, catalog).value();
  for (const Node::Entry& family : entries_of(root.find("kernels"))) {
    if (has_shapes_of_model(family) && catalog.find_family(family.key) != nullptr &&
        catalog.find_model(spec.name)->kernel_shapes(spec, family.key).empty()) {
      faults.add(family.place, fmt::format("{} calls no {}; give shapes such as [4128x3840.bf16]",
                                           spec.name, family.key));
    }
  }
}

/// Adds what the model itself says of the numbers it would be built from. `map` is the entry that
/// they are written in, `loop` and `profile` the maps of those if it is one of theirs. False when
/// it does.
bool check_model_can_be_built(const Node& root, const Node* loop, const Node* profile,
                              const Node::Entry& map, const std::string& path,
                              const Catalog& catalog, Faults& faults) {
  const ModelSpec spec = read_model(root, loop, profile, catalog).value();
  const Catalog::Model& model = *catalog.find_model(spec.name);
  const std::string fault = model.fault ? model.fault(spec) : "";
  if (!fault.empty())
    faults.add(map.place, fmt::format("{}: {}", path, fault));
  return fault.empty();
}

/// Every loop with numbers of its own, by itself and under every profile.
void check_models_of_loops(const Node& root, const Catalog& catalog, Faults& faults) {
  for (const Node::Entry& loop : entries_of(root.find("loops"))) {
    const Node::Entry* numbers = loop.value.find_entry("architecture");
    if (numbers == nullptr ||
        !is_sound(numbers->value, "loops.<loop>.architecture", root, catalog) ||
        !check_model_can_be_built(root, &loop.value, nullptr, *numbers,
                                  fmt::format("loops.{}", loop.key), catalog, faults)) {
      continue;
    }
    for (const Node::Entry& profile : entries_of(root.find("profiles"))) {
      const Node::Entry* changes = profile.value.find_entry("model");
      if (changes != nullptr &&
          is_sound(changes->value, "profiles.<profile>.model", root, catalog)) {
        check_model_can_be_built(
            root, &loop.value, &profile.value, *numbers,
            fmt::format("loops.{} under profiles.{}.model", loop.key, profile.key), catalog,
            faults);
      }
    }
  }
}

/// That a picture is only given to a model that edits one.
void check_conditioning(const Node& root, const Catalog& catalog, Faults& faults) {
  const Node& model = *root.find("model");
  const std::string& name = model.find("name")->text;
  const auto refuse = [&](const Node* map, const std::string& path) {
    if (const Node::Entry* given = map == nullptr ? nullptr : map->find_entry("conditioning")) {
      faults.add(given->place,
                 fmt::format("{}.conditioning: {} edits no picture; remove the key", path, name));
    }
  };
  if (catalog.find_model(name)->edits)
    return;
  refuse(&model, "model");
  for (const Node::Entry& profile : entries_of(root.find("profiles")))
    refuse(profile.value.find("model"), fmt::format("profiles.{}.model", profile.key));
}

void check_models_can_be_built(const Node& root, const Catalog& catalog, Faults& faults) {
  const Node::Entry* model = root.find_entry("model");
  if (model == nullptr || !is_sound(model->value, "model", root, catalog))
    return;
  check_conditioning(root, catalog, faults);
  if (check_model_can_be_built(root, nullptr, nullptr, *model, "model", catalog, faults)) {
    check_model_calls_kernels(root, catalog, faults);
    check_models_of_loops(root, catalog, faults);
  }
  for (const Node::Entry& profile : entries_of(root.find("profiles"))) {
    const Node::Entry* changes = profile.value.find_entry("model");
    if (changes != nullptr && is_sound(changes->value, "profiles.<profile>.model", root, catalog)) {
      check_model_can_be_built(root, nullptr, &profile.value, *changes,
                               fmt::format("profiles.{}.model", profile.key), catalog, faults);
    }
  }
}

} // namespace

void check_combinations(const Node& root, const Catalog& catalog, Faults& faults) {
  check_something_to_measure(root, faults);
  check_loops(root, faults);
  check_model_is_there(root, faults);
  check_models_can_be_built(root, catalog, faults);
}

} // namespace bench::scenario
