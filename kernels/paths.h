#pragma once

#include <kernels/operators.h>

#include <c10/core/DeviceType.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The implementations of the operators, by the name that scenarios give them.
namespace kernels {

/// Where a path that is not built in comes from.
struct Plugin {
  std::string file;
  std::string digest;           ///< of the file, 16 hex digits
  std::vector<std::string> own; ///< its operators; the others are composed of its rms_norm
  std::string norm;             ///< what the file calls its rms_norm: "mine::rms_norm_v2"
};

struct Path {
  std::string name;    ///< as scenarios name it
  std::string summary; ///< one line: what it launches
  /// Where it runs; empty: on every device.
  std::vector<c10::DeviceType> devices{};
  std::shared_ptr<const Operators> operators;
  /// Its rms_norm rounds to the weight's type and multiplies by the weight then, as diffusers and
  /// transformers write it. Otherwise it multiplies in fp32 and rounds once. Tests go by it.
  bool rounds_before_weight = false;
  /// It leaves the operators out: a lower bound of a loop's time, whose output means nothing.
  bool is_floor = false;
  std::optional<Plugin> plugin{};

  bool runs_on(c10::DeviceType device) const;
};

/// All of them, in the order `bench list paths` shows.
const std::deque<Path>& paths();

/// The one of that name, or nullptr.
const Path* find_path(std::string_view name);

/// Adds a plug-in's; those there are stay where they are. Before anything is measured, by one
/// thread. Throws std::invalid_argument when the name is taken.
void add_path(Path path);

/// Versions of the compilers of our kernels that no library of theirs tells at run time ("triton"
/// -> "3.6.0"); nothing where the build has no such kernels.
std::map<std::string, std::string> compiler_versions();

} // namespace kernels
