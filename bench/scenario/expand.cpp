#include <bench/base/error.h>
#include <bench/scenario/document.h>
#include <bench/scenario/hash.h>
#include <bench/scenario/scenario.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace bench::scenario {

namespace {

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

template <typename T>
bool keeps(const std::optional<List<T>>& kept, const T& one) {
  return !kept || std::ranges::find(kept->items, one) != kept->items.end();
}

/// What of `all` a profile keeps, in the order of `all`.
template <typename T>
std::vector<T> narrow(List<T> all, const std::optional<List<T>>& kept) {
  if (kept && (kept->is_set || !all.is_set))
    std::erase_if(all.items, [&](const T& one) { return !keeps(kept, one); });
  return std::move(all.items);
}

/// Every way to take one path for each family; the last family varies fastest.
std::vector<std::map<std::string, std::string>>
combinations(const std::map<std::string, std::vector<std::string>>& paths) {
  std::vector<std::map<std::string, std::string>> all{{}};
  for (const auto& [family, names] : paths) {
    std::vector<std::map<std::string, std::string>> longer;
    for (const auto& shorter : all) {
      for (const std::string& name : names) {
        longer.push_back(shorter);
        longer.back()[family] = name;
      }
    }
    all = std::move(longer);
  }
  return all;
}

/// "aten"; of several families "ada_norm=fused+rms_norm=aten".
std::string paths_in_id(const std::map<std::string, std::string>& paths) {
  if (paths.size() == 1)
    return paths.begin()->second;
  std::vector<std::string> parts;
  for (const auto& [family, path] : paths)
    parts.push_back(fmt::format("{}={}", family, path));
  return fmt::format("{}", fmt::join(parts, "+"));
}

class Expander {
 public:
  Expander(const Document& document, const Profile& profile, const Catalog& catalog)
      : document_(document), profile_(profile), catalog_(catalog) {}

  std::vector<Case> run() {
    for (const LoopEntry& loop : document_.loops)
      if (keeps(profile_.loops, loop.id))
        add_loop(loop);
    for (const KernelEntry& kernel : document_.kernels)
      if (keeps(profile_.families, kernel.family))
        add_kernel(kernel);
    return std::move(cases_);
  }

 private:
  void add_loop(const LoopEntry& entry) {
    std::map<std::string, std::vector<std::string>> paths;
    for (const auto& [family, all] : entry.paths) {
      const auto kept = profile_.paths.find(family);
      paths[family] =
          runnable(family, narrow(all, kept == profile_.paths.end() ? std::nullopt
                                                                    : std::optional(kept->second)));
    }
    LoopCase loop;
    const auto own = profile_.loop_models.find(entry.id);
    loop.model =
        own != profile_.loop_models.end() ? own->second : profile_.model.value_or(ModelSpec{});
    loop.loop = entry.id;
    loop.spec = entry.spec;
    loop.spec.steps = std::min(loop.spec.steps, profile_.most_steps.value_or(loop.spec.steps));
    const Catalog::Model* const model = catalog_.find_model(loop.model.name);
    const int work_version = model == nullptr ? 1 : model->work_version;
    for (const std::string& engine : narrow(entry.engines, profile_.engines)) {
      loop.engine = engine;
      if (engine == kWorkerEngine) {
        add_worker_loops(entry, loop, work_version);
        continue;
      }
      for (const auto& combination : combinations(paths)) {
        loop.paths = combination;
        add(fmt::format("loop/{}/{}/{}", entry.id, engine, paths_in_id(combination)), entry.gate,
            work_version, loop);
      }
    }
  }

  /// One case a worker; the paths are ours and none of its business.
  void add_worker_loops(const LoopEntry& entry, LoopCase loop, int work_version) {
    loop.paths.clear();
    for (const WorkerSpec& worker : document_.workers) {
      if (keeps(profile_.workers, worker.name)) {
        loop.worker = worker;
        add(fmt::format("loop/{}/{}/{}", entry.id, kWorkerEngine, worker.name), entry.gate,
            work_version, loop);
      }
    }
  }

  void add_kernel(const KernelEntry& entry) {
    const Catalog::KernelFamily& family = *catalog_.find_family(entry.family);
    std::vector<std::string> paths = narrow(entry.paths, profile_.kernel_paths);
    for (const std::string& path : family.plugin_paths)
      if (!contains(paths, path))
        paths.push_back(path);
    paths = runnable(entry.family, std::move(paths));
    for (const KernelShape& shape : shapes_of(entry)) {
      for (const std::string& path : paths) {
        add(fmt::format("{}/{}/{}", entry.family, to_string(shape), path), entry.gate,
            family.work_version, KernelCase{.family = entry.family, .shape = shape, .path = path});
      }
    }
  }

  /// Without the paths that the profile's device cannot run.
  std::vector<std::string> runnable(const std::string& family,
                                    std::vector<std::string> paths) const {
    if (profile_.device != DeviceKind::cuda) {
      const std::vector<std::string>& elsewhere = catalog_.find_family(family)->cuda_paths;
      std::erase_if(paths, [&](const std::string& path) { return contains(elsewhere, path); });
    }
    return paths;
  }

  std::vector<KernelShape> shapes_of(const KernelEntry& entry) const {
    if (entry.shapes)
      return narrow(*entry.shapes, profile_.kernel_shapes);
    const ModelSpec& model = *profile_.model;
    List<KernelShape> each_once;
    for (const KernelShape& shape :
         catalog_.find_model(model.name)->kernel_shapes(model, entry.family)) {
      if (std::ranges::find(each_once.items, shape) == each_once.items.end())
        each_once.items.push_back(shape);
    }
    return narrow(std::move(each_once), profile_.kernel_shapes);
  }

  template <typename Work>
  void add(const std::string& id, const Gate& gate, int work_version, const Work& work) {
    Case& added = cases_.emplace_back();
    added.id = fmt::format("{}/{}", document_.name, id);
    added.work_version = work_version;
    added.device = profile_.device;
    added.gate = gate;
    added.work = work;
    added.hash = case_hash(added);
  }

  const Document& document_;
  const Profile& profile_;
  const Catalog& catalog_;
  std::vector<Case> cases_;
};

} // namespace

Expansion expand(const Scenario& scenario, std::string_view profile, const Catalog& catalog) {
  const Document& document = *scenario.document_;
  const Profile& chosen = document.profile(profile);
  Expansion expansion{.scenario = document.name,
                      .profile = chosen.name,
                      .device = chosen.device,
                      .sampling = chosen.sampling,
                      .cases = Expander(document, chosen, catalog).run()};
  if (expansion.cases.empty()) {
    throw UsageError(fmt::format("{}: profile '{}' leaves no case; widen its 'loops', 'engines', "
                                 "'paths', 'workers' or 'kernels'",
                                 document.file.string(), profile));
  }
  return expansion;
}

} // namespace bench::scenario
