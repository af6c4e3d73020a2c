#include <bench/engines/engine.h>
#include <bench/models/registry.h>
#include <bench/replicate/catalog.h>
#include <kernels/families.h>
#include <kernels/paths.h>

#include <algorithm>

namespace bench::replicate {

scenario::Catalog make_catalog() {
  scenario::Catalog catalog;
  for (const models::Family& family : models::families())
    catalog.models.push_back(family.catalog);
  for (const engines::Engine& engine : engines::all())
    catalog.engines.emplace_back(engine.name);
  for (const kernels::Family& family : kernels::families()) {
    scenario::Catalog::KernelFamily entry{
        .name = std::string(family.name), .work_version = family.work_version, .paths = {}};
    for (const kernels::Path& path : kernels::paths()) {
      entry.paths.push_back(path.name);
      if (!path.runs_on(c10::DeviceType::CPU))
        entry.cuda_paths.push_back(path.name);
      if (path.plugin && std::ranges::find(path.plugin->own, family.name) != path.plugin->own.end())
        entry.plugin_paths.push_back(path.name);
    }
    catalog.families.push_back(std::move(entry));
  }
  return catalog;
}

} // namespace bench::replicate
