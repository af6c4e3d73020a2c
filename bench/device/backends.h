#pragma once

#include <bench/device/device.h>

/// One function a kind of device; what device.cpp chooses from.
namespace bench::device {

std::unique_ptr<Device> open_cpu_device();
std::unique_ptr<Device> open_cuda_device();
std::string why_cuda_unavailable();

} // namespace bench::device
