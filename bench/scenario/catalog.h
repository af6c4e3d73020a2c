#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bench::scenario {

struct ModelSpec;
struct KernelShape;

/// What a scenario may name: filled by the caller from the registries of models, engines and
/// kernels, so that this library knows none of them.
struct Catalog {
  struct Model {
    std::string name;     ///< as in `model.name`
    int work_version = 1; ///< raised when the work of its forward pass changes
    /// Keys of `model.architecture` with the published model's values.
    std::map<std::string, std::int64_t> architecture;
    /// The shapes that one forward of `spec` calls the kernel family with, largest work first;
    /// empty when it never calls it.
    std::function<std::vector<KernelShape>(const ModelSpec& spec, std::string_view family)>
        kernel_shapes;
    /// "" when such a model can be built, else what is wrong with its numbers, naming the key.
    /// Called before `kernel_shapes`, which is never asked about a spec with a fault.
    std::function<std::string(const ModelSpec& spec)> fault;
    /// It edits a picture: `model.conditioning` says how large that is.
    bool edits = false;
    /// Of the schedule of loops that give none; 0: the model makes it from tokens and steps.
    double shift = 0;
  };
  struct KernelFamily {
    std::string name; ///< as in `kernels.<name>` and `paths.<name>`: "rms_norm"
    int work_version = 1;
    std::vector<std::string> paths; ///< names of its implementations
    /// Those that run on a GPU only: a profile of another device leaves them out.
    std::vector<std::string> cuda_paths{};
    /// Those that a plug-in of this run brings: kernel cases have them without naming them.
    std::vector<std::string> plugin_paths{};
  };

  std::vector<Model> models;
  std::vector<std::string> engines;
  std::vector<KernelFamily> families;

  const Model* find_model(std::string_view name) const;
  const KernelFamily* find_family(std::string_view name) const;
};

} // namespace bench::scenario
