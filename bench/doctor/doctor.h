#pragma once

#include <bench/base/exit_code.h>
#include <bench/machine/machine.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// `bench doctor`: what this machine is, and what would spoil a measurement on it.
namespace bench::doctor {

/// What doctor cannot learn without torch, asked of its caller.
struct Build {
  bool cuda = false; ///< this build can use a GPU
  /// "libraries" -> "torch" -> "2.11.0", ...; loading them puts this process on the GPU, so it is
  /// called once the GPU was looked at. May throw.
  std::function<machine::FactMap(bool on_gpu)> libraries;
};

/// Where doctor looks; by default as a run on this machine would.
struct Places {
  std::optional<std::string> cuda_visible_devices; ///< absent: not set
  std::filesystem::path lock_folder;
  std::filesystem::path root = "/";

  static Places of_this_process();
};

struct Report {
  struct Gpu {
    machine::FactMap facts; ///< machine::gpu_facts()
    machine::MachineState state;
  };
  machine::FactMap host;               ///< machine::host_facts()
  std::optional<Gpu> gpu;              ///< the one that CUDA would use first
  std::string no_gpu;                  ///< why there is none
  std::vector<std::string> other_gpus; ///< "NVIDIA H200 (GPU-...)"
  bool cuda_build = false;
  machine::FactMap libraries;
  std::vector<machine::Finding> findings; ///< errors first; none of the GPU without cuda_build
};

Report examine(const machine::Nvml& nvml, const Build& build, const Places& places);

/// The report as text; its last line is the verdict, which begins with "ready: ", "no GPU: ", "no
/// CUDA: " or "not ready: ".
std::string render(const Report& report);

/// ok when something could be measured, if only the cpu profile; unavailable when an error would
/// spoil what this build measures here.
ExitCode exit_code(const Report& report);

/// Examines this machine and prints the report.
ExitCode print_report(std::FILE* out, const Build& build);

} // namespace bench::doctor
