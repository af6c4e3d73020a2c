#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace bench::models {

/// A .safetensors file of these parts, for tests; `announced`: another size of its header than it
/// has.
inline void write_safetensors(const std::filesystem::path& path, const std::string& header,
                              const std::string& data, std::int64_t announced = -1) {
  std::ofstream out(path, std::ios::binary);
  const std::uint64_t size = announced < 0 ? header.size() : static_cast<std::uint64_t>(announced);
  out.write(reinterpret_cast<const char*>(&size), sizeof size);
  out << header << data;
}

} // namespace bench::models
