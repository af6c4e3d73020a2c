#pragma once

#include <bench/device/device.h>
#include <bench/device/libraries.h>
#include <bench/results/result.h>

namespace bench::replicate {

/// device::library_facts(), and on a GPU what compiled our kernels.
device::Facts software_facts(device::Device& device);

/// Fills what a result says of the tool, the machine and the settings that change speed.
void describe_machine(results::Result& result, device::Device& device);

} // namespace bench::replicate
