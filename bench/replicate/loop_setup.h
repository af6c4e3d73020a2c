#pragma once

#include <bench/device/device.h>
#include <bench/engines/engine.h>
#include <bench/measure/progress.h>
#include <bench/models/denoise_loop.h>
#include <bench/models/denoiser.h>
#include <bench/replicate/injection.h>
#include <bench/scenario/scenario.h>

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>

/// Making a loop case ready, for those that time it and those that profile it.
namespace bench::replicate {

/// Builds a model once for all the cases that follow each other with the same one.
class ModelCache {
 public:
  explicit ModelCache(device::Device& device) : device_(device) {}
  models::Denoiser& get(const scenario::ModelSpec& spec);
  /// Gives its memory back to the device, for a process that wants it.
  void drop();

 private:
  device::Device& device_;
  std::unique_ptr<models::Denoiser> network_;
  scenario::ModelSpec spec_;
};

/// Adds known work to loops.
class Injector {
 public:
  Injector(device::Device& device, measure::Marker& marker, measure::Progress& progress)
      : device_(device), marker_(marker), progress_(progress) {}

  void begin_case() {
    cycles_ = 0;
    rows_ = weight_ = at::Tensor();
  }
  /// What `injection` needs to know or to have: how many cycles a step of `denoise` by `engine`
  /// takes, measured once for the arms of one case.
  void get_ready(const Injection& injection, const engines::Engine& engine,
                 models::DenoiseLoop& denoise);
  /// After get_ready(), before an engine prepares `denoise`.
  void inject(const Injection& injection, models::DenoiseLoop& denoise) const;

 private:
  device::Device& device_;
  measure::Marker& marker_;
  measure::Progress& progress_;
  double cycles_ = 0;        ///< of a step of the case under way; 0: not known yet
  at::Tensor rows_, weight_; ///< of the norms that are added
};

/// A loop case ready to run, as long as its network lives.
struct ReadyLoop {
  std::unique_ptr<device::Placement> place;     ///< where its buffers lie; none: anywhere
  std::unique_ptr<models::DenoiseLoop> denoise; ///< what `prepared` runs
  std::unique_ptr<engines::PreparedLoop> prepared;
};

/// Makes loop cases ready. A network lives until another spec is asked for, or it is dropped.
class LoopMaker {
 public:
  /// Buffers of loops lie at the beginning of `arena`, or anywhere (nullptr).
  LoopMaker(device::Device& device, std::unique_ptr<device::Arena> arena,
            measure::Progress& progress)
      : device_(device), arena_(std::move(arena)), progress_(progress), models_(device),
        marker_(device.make_marker()), injector_(device, *marker_, progress) {}

  void begin_case() { injector_.begin_case(); }
  /// A network, its weights loaded.
  models::Denoiser& model(const scenario::ModelSpec& spec);
  /// The case's network, on its paths. Throws UnavailableError, before anything is loaded, when
  /// the engine or a path does not run on the device.
  models::Denoiser& network(const scenario::LoopCase& loop);
  /// The loop of that network; throws as network().
  ReadyLoop make(models::Denoiser& network, const scenario::LoopCase& loop,
                 const Injection& injection);
  /// Gives the memory of network and arena back to the device, for a process that wants it.
  void give_memory_back() {
    arena_.reset();
    models_.drop();
  }
  /// For whoever times what was made.
  measure::Marker& marker() { return *marker_; }

 private:
  device::Device& device_;
  std::unique_ptr<device::Arena> arena_;
  measure::Progress& progress_;
  ModelCache models_;
  std::unique_ptr<measure::Marker> marker_;
  Injector injector_;
};

} // namespace bench::replicate
