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

/// A list of the scenario, or what a profile keeps of it.
template <typename T>
struct List {
  std::vector<T> items;
  bool is_set = false; ///< by `--set`: then a list that the file gives a profile does not narrow it
};

using PathsByFamily = std::map<std::string, List<std::string>>;

struct LoopEntry {
  std::string id;
  LoopSpec spec;
  List<std::string> engines;
  PathsByFamily paths;
  Gate gate;
};

struct KernelEntry {
  std::string family;
  std::optional<List<KernelShape>> shapes; ///< nothing: the model's
  List<std::string> paths;
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
  std::optional<List<std::string>> loops;
  std::optional<List<std::string>> engines;
  std::optional<List<std::string>> families;
  std::optional<List<std::string>> kernel_paths;
  std::optional<List<KernelShape>> kernel_shapes;
  std::optional<List<std::string>> workers;
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
