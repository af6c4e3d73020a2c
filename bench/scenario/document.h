#pragma once

#include <bench/scenario/scenario.h>
#include <bench/scenario/tree.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A scenario file as values: defaults filled in, names resolved, profiles not yet applied.
namespace bench::scenario {

using PathsByFamily = std::map<std::string, std::vector<std::string>>;

struct LoopEntry {
  std::string id;
  LoopSpec spec;
  std::vector<std::string> engines;
  PathsByFamily paths;
  Gate gate;
};

struct KernelEntry {
  std::string family;
  std::optional<std::vector<KernelShape>> shapes; ///< nothing: the model's
  std::vector<std::string> paths;
  Gate gate;
};

struct Profile {
  std::string name;
  DeviceKind device = DeviceKind::cuda;
  std::optional<ModelSpec> model;               ///< the scenario's with this profile's changes
  std::map<std::string, ModelSpec> loop_models; ///< of loops with changes of their own
  Sampling sampling;                            ///< likewise
  std::optional<int> most_steps;
  /// What to keep; nothing: all.
  std::optional<std::vector<std::string>> loops;
  std::optional<std::vector<std::string>> engines;
  std::optional<std::vector<std::string>> families;
  std::optional<std::vector<std::string>> kernel_paths;
  std::optional<std::vector<KernelShape>> kernel_shapes;
  std::optional<std::vector<std::string>> workers;
  PathsByFamily paths; ///< families that it does not name keep their paths
};

struct Document {
  std::string name;
  std::filesystem::path file;
  std::string text;
  std::vector<LoopEntry> loops;
  std::vector<WorkerSpec> workers;
  std::vector<KernelEntry> kernels;
  std::vector<Profile> profiles;

  /// Throws UsageError naming the profiles there are.
  const Profile& profile(std::string_view name) const;
};

/// `root` must have passed all checks. Leaves `file` and `text` to the caller.
Document read_document(const Node& root, const Catalog& catalog);

} // namespace bench::scenario
