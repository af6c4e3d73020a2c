#pragma once

#include <bench/replicate/injection.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bench::replicate {

/// What one process is to measure.
struct Request {
  std::filesystem::path scenario;
  std::vector<std::string> overrides;
  std::vector<std::filesystem::path> plugins{}; ///< of --plugin
  std::string profile;
  std::vector<std::string> cases; ///< ids; the process draws their order from the seed
  std::uint64_t seed = 0;
  std::vector<std::string> flags;          ///< Google Benchmark's
  std::filesystem::path save_latents = {}; ///< folder that each loop's latents go to; "": none
  Arms arms{};                             ///< that cases are measured with
  bool profile_kernels = false;            ///< instead of timing: which kernels the cases run
  std::filesystem::path trace = {};        ///< of the profile, in Chrome's format; "": none
};

std::string to_text(const Request& request);
/// Of that text. Throws nlohmann::json::exception.
Request parse_request(const std::string& text);

} // namespace bench::replicate
