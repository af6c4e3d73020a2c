#include <bench/base/error.h>
#include <bench/models/denoiser.h>
#include <bench/models/named_operators.h>
#include <kernels/paths.h>

#include <fmt/format.h>

namespace bench::models {

std::shared_ptr<const kernels::Operators> operators_of(const Paths& paths, std::string_view model) {
  std::shared_ptr<const kernels::Operators> operators;
  for (const auto& [family, name] : paths) {
    if (family != "rms_norm")
      throw UsageError(fmt::format(
          "{}: loops choose paths by rms_norm, not by {}; give paths: {{rms_norm: [...]}}", model,
          family));
    const kernels::Path* path = kernels::find_path(name);
    if (!path)
      throw UsageError(
          fmt::format("{}: no rms_norm path '{}'; `bench list paths` names them", model, name));
    operators = path->operators;
  }
  if (!operators)
    throw UsageError(
        fmt::format("{}: no rms_norm path is chosen; give paths: {{rms_norm: [...]}}", model));
  return named(std::move(operators));
}

} // namespace bench::models
