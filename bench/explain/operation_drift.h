#pragma once

#include <bench/results/result.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

/// The launches of two profiles, matched with each other: which kernel moved, operation by
/// operation. README.md beside this file says in words how.
namespace bench::explain {

/// How a kernel moved.
enum class Change {
  appeared,
  vanished,
  more_launches,
  fewer_launches,
  slower,
  faster,
  replaced,
  other_grid
};
std::string_view to_string(Change change); ///< "more launches"

/// One movement of one kernel. A kernel that is both launched more often and slower has two.
struct Part {
  Change change = Change::slower;
  std::string kernel{};                   ///< of the base; of the new one where it appeared
  std::string new_kernel{};               ///< where it was replaced, else ""
  std::array<std::int64_t, 3> grid{};     ///< of `kernel`
  std::array<std::int64_t, 3> new_grid{}; ///< where it was replaced or has another one
  std::int64_t base_launches = 0;         ///< in one sample
  std::int64_t new_launches = 0;
  double base_launch_s = 0; ///< mean of a launch; 0 where there is none
  double new_launch_s = 0;  ///< the same, at the base's clock
  double drift_s = 0;       ///< what it adds to a sample
};

/// The kernels of one operation.
struct OperationDrift {
  std::string operation;          ///< "rms_norm", "attention", "linear", ..., "other"
  std::int64_t base_launches = 0; ///< in one sample
  std::int64_t new_launches = 0;
  double base_s = 0;         ///< of a sample
  double new_s = 0;          ///< of a sample, at the base's clock
  std::vector<Part> parts{}; ///< the largest drift, in either direction, first

  double drift_s() const; ///< the sum of its parts
};

/// All launches of one kernel with one grid by one operation, whatever their blocks.
struct Launches {
  std::string name;
  std::string operation;
  std::array<std::int64_t, 3> grid{};
  std::int64_t count = 0;
  double total_s = 0;
  double work_s = 0;    ///< total_s at the base's clock
  bool compute = false; ///< bound by the tensor pipes, so it follows the clock

  auto key() const { return std::tie(operation, name, grid); }
  double launch_s() const { return count > 0 ? work_s / static_cast<double>(count) : 0; }
};

/// The longest first.
std::vector<Launches> launches_of(const results::KernelProfile& profile);

/// The parts add up to the difference of all work_s.
std::vector<OperationDrift> operation_drifts(std::vector<Launches> base,
                                             std::vector<Launches> fresh);

} // namespace bench::explain
