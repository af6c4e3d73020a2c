#include <bench/cli/catalog.h>
#include <bench/engines/engine.h>
#include <bench/models/registry.h>
#include <kernels/families.h>
#include <kernels/paths.h>

namespace bench::cli {

scenario::Catalog make_catalog() {
  scenario::Catalog catalog;
  for (const models::Family& family : models::families())
    catalog.models.push_back(family.catalog);
  for (const engines::Engine& engine : engines::all())
    catalog.engines.emplace_back(engine.name);
  std::vector<std::string> paths, cuda_paths;
  for (const kernels::Path& path : kernels::paths()) {
    paths.push_back(path.name);
    if (!path.runs_on(c10::DeviceType::CPU))
      cuda_paths.push_back(path.name);
  }
  for (const kernels::Family& family : kernels::families())
    catalog.families.push_back({.name = std::string(family.name),
                                .work_version = family.work_version,
                                .paths = paths,
                                .cuda_paths = cuda_paths});
  return catalog;
}

} // namespace bench::cli
