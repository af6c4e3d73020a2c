#pragma once

#include <bench/device/device.h>
#include <bench/models/denoiser.h>
#include <bench/models/weights.h>
#include <bench/scenario/catalog.h>

#include <memory>
#include <string_view>
#include <vector>

namespace bench::models {

/// One family of models: what the catalog tells scenarios about it, and how to build one.
struct Family {
  scenario::Catalog::Model catalog;
  std::string_view summary; ///< one line
  /// Builds the network of `spec` from `weights` (on their device, in their type).
  std::unique_ptr<Denoiser> (*build)(const scenario::ModelSpec& spec, Weights& weights);
  /// Device memory a loop of `spec` needs, bytes: parameters, activations, libraries' workspaces.
  std::int64_t (*memory)(const scenario::ModelSpec& spec);
};

/// All of them, in the order `bench list models` shows.
const std::vector<Family>& families();

/// The family of spec.name, built on `device` with spec's weights. Throws UsageError for weights
/// that cannot be read, UnavailableError, before anything is allocated, when the device lacks the
/// memory.
std::unique_ptr<Denoiser> build(const scenario::ModelSpec& spec, device::Device& device);

/// Device memory a loop of `spec` needs, bytes.
std::int64_t memory_needed(const scenario::ModelSpec& spec);

/// A network whose parameters have no values, and what they would be drawn from.
struct Outline {
  std::unique_ptr<Denoiser> network;
  std::vector<RandomParameter> parameters;
};
Outline outline(const scenario::ModelSpec& spec);

/// How many parameters the model has, counted without making them.
std::int64_t count_parameters(const scenario::ModelSpec& spec);

} // namespace bench::models
