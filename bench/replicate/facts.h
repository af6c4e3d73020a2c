#pragma once

#include <bench/device/device.h>
#include <bench/results/result.h>

namespace bench::replicate {

/// Fills what a result says of the tool, the machine and the settings that change speed.
void describe_machine(results::Result& result, device::Device& device);

} // namespace bench::replicate
