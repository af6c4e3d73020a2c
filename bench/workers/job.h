#pragma once

#include <bench/scenario/scenario.h>

#include <string>

namespace bench::workers {

/// A loop in words for a worker.
struct Job {
  std::string text;         ///< one line of JSON; its keys: README.md
  double flop_per_step = 0; ///< of the model's formula; 0 without a model
  int forwards_per_step = 1;
};

/// Nothing is allocated on a device: parameters are listed, not made.
Job make_job(const scenario::LoopCase& loop, scenario::DeviceKind device);

} // namespace bench::workers
