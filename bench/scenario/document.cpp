#include <bench/base/error.h>
#include <bench/base/nearest.h>
#include <bench/scenario/document.h>
#include <bench/scenario/model_spec.h>
#include <bench/scenario/section.h>

#include <fmt/format.h>

#include <algorithm>

namespace bench::scenario {

namespace {

List<std::string> read_list(const Node& list) {
  return {.items = texts(list), .is_set = list.place.is_set()};
}

std::optional<List<std::string>> read_list(const Section& section, std::string_view key) {
  const Node* const list = section.find(key);
  return list == nullptr ? std::nullopt : std::optional(read_list(*list));
}

/// `maps`: least specific first, null where absent.
PathsByFamily read_paths(const std::vector<const Node*>& maps) {
  PathsByFamily paths;
  for (const Node* map : maps)
    for (const Node::Entry& family : entries_of(map))
      paths[family.key] = read_list(family.value);
  return paths;
}

Gate read_gate(const Node& root, const Node& own) {
  return {.work = Section("gate", {own.find("gate"), root.find("gate")}).fraction("work")};
}

Sampling read_sampling(const Node& root, const Node& profile) {
  const Section section =
      Section::of_profile("sampling", profile.find("sampling"), root.find("sampling"));
  return {.replicates = static_cast<int>(section.integer("replicates")),
          .loops = static_cast<int>(section.integer("loops")),
          .loop_time_s = section.duration("loop_time"),
          .regions = static_cast<int>(section.integer("regions")),
          .placements = static_cast<int>(section.integer("placements")),
          .warmup_s = section.duration("warmup"),
          .machine_interval_s = section.duration("machine_interval")};
}

LoopEntry read_loop(const Node& root, const Node::Entry& entry, const Catalog& catalog) {
  const Section section("loops.<loop>", {&entry.value});
  LoopEntry loop;
  loop.id = entry.key;
  loop.spec.steps = static_cast<int>(section.integer("steps"));
  loop.spec.guidance = section.number("guidance");
  loop.spec.negative_text_tokens = section.integer("negative_text_tokens");
  if (section.find("shift") != nullptr) {
    loop.spec.shift = section.number("shift");
  } else {
    const Node* const model = root.find("model");
    loop.spec.shift = model == nullptr ? 0 : catalog.find_model(model->find("name")->text)->shift;
  }
  loop.engines = read_list(Section("", {&entry.value, &root}), "engines").value();
  loop.paths = read_paths({root.find("paths"), entry.value.find("paths")});
  loop.gate = read_gate(root, entry.value);
  return loop;
}

WorkerSpec read_worker(const Node::Entry& entry) {
  const Section section("workers.<worker>", {&entry.value});
  return {.name = entry.key,
          .command = read_list(section, "command").value().items,
          .patience_s = section.duration("patience")};
}

/// Nothing where `value` is no list: the model's.
std::optional<List<KernelShape>> read_shapes(const Node* value) {
  if (value == nullptr || !value->is_list())
    return std::nullopt;
  List<KernelShape> shapes{.items = {}, .is_set = value->place.is_set()};
  for (const Node& shape : value->items)
    shapes.items.push_back(parse_kernel_shape(shape.text).value());
  return shapes;
}

KernelEntry read_kernel(const Node& root, const Node::Entry& entry) {
  KernelEntry kernel;
  kernel.family = entry.key;
  kernel.shapes = read_shapes(entry.value.find("shapes"));
  kernel.paths = read_list(*entry.value.find("paths"));
  kernel.gate = read_gate(root, entry.value);
  return kernel;
}

Profile read_profile(const Node& root, const Node::Entry& entry, const Catalog& catalog) {
  const Section section("profiles.<profile>", {&entry.value});
  Profile profile;
  profile.name = entry.key;
  profile.device = parse_device_kind(section.text("device")).value();
  profile.model = read_model(root, nullptr, &entry.value, catalog);
  for (const Node::Entry& loop : entries_of(root.find("loops")))
    if (loop.value.find("architecture") != nullptr)
      profile.loop_models[loop.key] = read_model(root, &loop.value, &entry.value, catalog).value();
  profile.sampling = read_sampling(root, entry.value);
  if (section.find("steps") != nullptr)
    profile.most_steps = static_cast<int>(section.integer("steps"));
  profile.loops = read_list(section, "loops");
  profile.engines = read_list(section, "engines");
  profile.families = read_list(section, "kernels");
  profile.kernel_paths = read_list(section, "kernel_paths");
  profile.kernel_shapes = read_shapes(entry.value.find("kernel_shapes"));
  profile.workers = read_list(section, "workers");
  profile.paths = read_paths({entry.value.find("paths")});
  return profile;
}

} // namespace

const Profile& Document::profile(std::string_view wanted) const {
  const auto found = std::ranges::find(profiles, wanted, &Profile::name);
  if (found != profiles.end())
    return *found;
  std::vector<std::string> known;
  for (const Profile& profile : profiles)
    known.push_back(profile.name);
  throw UsageError(
      fmt::format("{}: no profile '{}'{}", file.string(), wanted, hint(wanted, std::move(known))));
}

Document read_document(const Node& root, const Catalog& catalog) {
  Document document;
  document.name = root.find("scenario")->text;
  for (const Node::Entry& loop : entries_of(root.find("loops")))
    document.loops.push_back(read_loop(root, loop, catalog));
  for (const Node::Entry& worker : entries_of(root.find("workers")))
    document.workers.push_back(read_worker(worker));
  for (const Node::Entry& kernel : entries_of(root.find("kernels")))
    document.kernels.push_back(read_kernel(root, kernel));
  for (const Node::Entry& profile : entries_of(root.find("profiles")))
    document.profiles.push_back(read_profile(root, profile, catalog));
  return document;
}

} // namespace bench::scenario
