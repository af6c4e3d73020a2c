#include <bench/cli/catalog.h>
#include <bench/engines/engine.h>
#include <bench/models/registry.h>
#include <kernels/rms_norm.h>

namespace bench::cli {

scenario::Catalog make_catalog() {
  scenario::Catalog catalog;
  for (const models::Family& family : models::families())
    catalog.models.push_back(family.catalog);
  for (const engines::Engine& engine : engines::all())
    catalog.engines.emplace_back(engine.name);
  scenario::Catalog::KernelFamily rms_norm{
      .name = "rms_norm", .work_version = kernels::kRmsNormWorkVersion, .paths = {}};
  for (const kernels::RmsNormPath& path : kernels::rms_norm_paths())
    rms_norm.paths.emplace_back(path.name);
  catalog.families.push_back(std::move(rms_norm));
  return catalog;
}

} // namespace bench::cli
