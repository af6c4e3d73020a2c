#pragma once

#include <bench/scenario/scenario.h>

#include <cstdint>
#include <string>
#include <vector>

/// What the numbers of a model say before there is a network of them, whatever its blocks are.
namespace bench::models {

/// "" or what is wrong with the numbers of `spec`, naming the key: those in `flags` must be 0 or 1,
/// head_width a multiple of `head_multiple`, because rotary embedding splits it.
std::string numbers_fault(const scenario::ModelSpec& spec, const std::vector<std::string>& flags,
                          std::int64_t head_multiple);

/// Bytes on the device: of so many parameters and activations, in `dtype`, and of the libraries.
std::int64_t device_memory(std::int64_t parameters, std::int64_t activations,
                           scenario::DType dtype);

/// Appends `shape` unless it is there.
void add_distinct(std::vector<scenario::KernelShape>& shapes, const scenario::KernelShape& shape);

} // namespace bench::models
