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

struct CompareOptions {
  std::filesystem::path base{}; ///< a result file, or a folder that holds <scenario>.json
  std::filesystem::path fresh{};
  std::filesystem::path noise{}; ///< "": noise_of() the baseline
  std::vector<std::filesystem::path>
      pairs{};        ///< folders of `bench ab`, for what BASE cannot decide
  std::string only{}; ///< a case of `base`, to be held against `with` of `fresh`; "": all alike
  std::string with{};
  std::string format = "table";
  std::string fail_on = "regression,invalid";
};

/// Of `--ab`, which `bench report` takes too.
inline constexpr const char* kAbHelp =
    "Folder that `bench ab` wrote: it decides the cases that the baseline cannot";

void add_compare(CLI::App& app, CompareOptions& options);

/// `bench compare`: the verdicts on a result against a baseline. Throws bench::Error.
ExitCode compare_results(const CompareOptions& options, std::FILE* out);

} // namespace bench::cli
