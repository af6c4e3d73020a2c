#pragma once

#include <cstdint>
#include <string_view>

namespace bench {

/// 64-bit FNV-1a of the bytes.
constexpr std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

} // namespace bench
