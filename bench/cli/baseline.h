#pragma once

#include <bench/base/exit_code.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bench::cli {

struct BaselineOptions {
  std::string action; ///< "promote", "show" or "check"
  std::vector<std::filesystem::path> results{};
  std::string reason{};
  std::filesystem::path into{}; ///< "": baselines/<gpu>
  bool force = false;
  std::string replace{};                    ///< regular expression; "": no case
  std::filesystem::path path = "baselines"; ///< of show and check: a file or a folder
};

void add_baseline(CLI::App& app, BaselineOptions& options);

/// `bench baseline`: keeps results as baselines and says what is kept. Throws bench::Error.
ExitCode baseline(const BaselineOptions& options, std::FILE* out);

} // namespace bench::cli
